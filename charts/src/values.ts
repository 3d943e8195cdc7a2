import * as z from 'zod';
import { optionalName, passedList } from './values/kubernetes.ts';
import { metrics, tracing } from './values/metrics.ts';
import { agent, agentNamespaces, agentServiceAccounts, operator, watchWarning } from './values/operator.ts';
import { admissionPolicy, injection, networkPolicy, rbac, tls } from './values/security.ts';

/**
 * The values of the chart. From this schema are generated values.yaml with its comments, values.schema.json, by which Helm checks what it is
 * given, and the table in the chart's README.
 */
export const values = z.strictObject({
  agentNamespaces,
  agentServiceAccounts,
  watchWarning,
  operator,
  agent,
  tls,
  injection,
  admissionPolicy,
  rbac,
  networkPolicy,
  podDisruptionBudget: z
    .strictObject({
      enabled: z.boolean().default(true).describe('Have nodes drained one replica at a time.'),
      maxUnavailable: z
        .union([z.int().min(0), z.string().regex(/^\d+%$/)])
        .default(1)
        .describe('Replicas that may be away at the same time.'),
    })
    .prefault({})
    .describe('The PodDisruptionBudget of the operator.'),
  metrics,
  tracing,
  crds: z
    .strictObject({
      install: z
        .boolean()
        .default(true)
        .describe(
          'Install and upgrade the CustomResourceDefinition with the chart. It stays when the release is uninstalled, and every NodeTask with it.',
        ),
    })
    .prefault({})
    .describe('The CustomResourceDefinition.'),
  imagePullSecrets: passedList.default([]).describe('Secrets with access to the registry, as `{name}`.'),
  fullnameOverride: optionalName.default('').describe("Begin of the objects' names. Empty: the release's name."),
  // What a chart may be given when it is another's dependency.
  enabled: z.boolean().optional().describe('For the `condition` of a chart that has this one as a dependency.'),
  global: z.record(z.string(), z.any()).optional().describe('The values that such a chart shares. None is used.'),
});
