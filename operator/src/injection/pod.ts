import * as z from 'zod';

/**
 * What the injection looks at in a pod that is about to be created. Nobody has validated it yet but for its types: names may be empty or
 * doubled, and there may be no container at all; the API server refuses these afterwards.
 * https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/
 */

const text = z.string();

/** Go writes an absent list as nothing or as null. */
const list = <Item extends z.ZodType>(item: Item) =>
  z
    .array(item)
    .nullish()
    .transform((items): readonly z.output<Item>[] => items ?? []);

const user = z.object({ runAsUser: z.int().optional(), runAsGroup: z.int().optional() }).optional();
const amounts = z.record(text, z.union([text, z.number()])).optional();

const containerSchema = z.object({
  name: text.default(''),
  restartPolicy: text.optional(),
  ports: list(z.object({ name: text.optional(), containerPort: z.int().optional(), protocol: text.default('TCP') })),
  resources: z.object({ requests: amounts, limits: amounts }).optional(),
  securityContext: user,
});
export type Container = z.output<typeof containerSchema>;

export const podSchema = z.object({
  metadata: z.object({
    annotations: z
      .record(text, text)
      .nullish()
      .transform((annotations) => annotations ?? {}),
  }),
  spec: z.object({
    containers: list(containerSchema),
    initContainers: list(containerSchema),
    volumes: list(z.object({ name: text.default('') })),
    hostNetwork: z.boolean().optional(),
    hostPID: z.boolean().optional(),
    dnsPolicy: text.optional(),
    os: z.object({ name: text.optional() }).optional(),
    nodeSelector: z.record(text, text).nullish(),
    securityContext: user,
    terminationGracePeriodSeconds: z.int().optional(),
  }),
});
export type Pod = z.output<typeof podSchema>;

/** The least that has to be read to know whether a pod asks for an agent. */
export const labelsSchema = z.object({ metadata: z.object({ labels: z.record(text, text) }) });

export const allContainers = ({ spec }: Pod): readonly Container[] => [...spec.initContainers, ...spec.containers];
