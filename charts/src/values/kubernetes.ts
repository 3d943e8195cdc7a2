import * as z from 'zod';

/** Parts of the values that Kubernetes defines. What the API server checks itself is let through as it is. */

/** Namespace, service account, Secret … https://kubernetes.io/docs/concepts/overview/working-with-objects/names/ */
export const objectName = (most: 63 | 253 = 253): z.ZodString =>
  z
    .string()
    .max(most)
    .regex(most === 63 ? /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/ : /^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/);

/** The name, or nothing. */
export const optionalName = z
  .string()
  .max(253)
  .regex(/^([a-z0-9]([-a-z0-9.]*[a-z0-9])?)?$/);

/** Labels or annotations. */
export const textMap = z.record(z.string(), z.string());

/** An object of the Kubernetes API, handed on as it is. */
export const passed = z.record(z.string(), z.any());

/** Objects of the Kubernetes API, handed on as they are. */
export const passedList = z.array(passed);

/** https://kubernetes.io/docs/concepts/containers/images/ */
export const image = (repository: string, what: string) =>
  z
    .strictObject({
      repository: z
        .string()
        .regex(/^[a-z0-9]([a-zA-Z0-9._:/-]*[a-z0-9])?$/)
        .default(repository)
        .describe('Registry and repository, without a tag.'),
      tag: z
        .string()
        .regex(/^([\w][\w.-]{0,127})?$/)
        .default('')
        .describe("Tag. Empty: the chart's appVersion."),
      digest: z
        .string()
        .regex(/^(sha256:[a-f0-9]{64})?$/)
        .default('')
        .describe('Digest (`sha256:…`). Goes before the tag: what runs is then exactly this image.'),
      pullPolicy: z.enum(['Always', 'IfNotPresent', 'Never']).default('IfNotPresent').describe('When to pull it.'),
    })
    .prefault({})
    .describe(what);

/** https://kubernetes.io/docs/concepts/configuration/manage-resources-containers/ */
export const resources = (requests: Readonly<Record<string, string>>, limits: Readonly<Record<string, string>>) =>
  z
    .strictObject({
      requests: quantities.default({ ...requests }).describe('What is set aside for it.'),
      limits: quantities.default({ ...limits }).describe('The most that it gets.'),
    })
    .prefault({});

const quantities = z.record(z.string(), z.union([z.string(), z.number()]));

/** Prometheus' way to write a time: https://prometheus.io/docs/concepts/data_types/ */
export const duration = z.string().regex(/^(\d+(ms|s|m|h))+$/);
