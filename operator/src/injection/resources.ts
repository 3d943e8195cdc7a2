import * as z from 'zod';
import { allContainers, type Pod } from './pod.ts';

/** https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/ */
const quantity = z
  .union([z.string(), z.number()], { error: 'must be a quantity, for instance "100m" or "256Mi"' })
  .transform(String)
  .refine((text) => /^\+?(?:\d{1,18}(?:\.\d{0,9})?|\.\d{1,9})(?:[kMGTPE]i|[numkMGTPE]|[eE][+-]?\d{1,3})?$/.test(text), {
    error: 'must be a quantity, for instance "100m" or "256Mi"',
  });

const amounts = z.strictObject({
  cpu: quantity.optional(),
  memory: quantity.optional(),
  'ephemeral-storage': quantity.optional(),
});

/** Resources of a container: what the annotation may say. */
export const resourcesSchema = z.strictObject(
  { requests: amounts.optional(), limits: amounts.optional() },
  { error: (issue) => (issue.code === 'invalid_type' ? 'must be an object with requests, limits or both' : undefined) },
);
export type Resources = z.output<typeof resourcesSchema>;

/**
 * Idle the agent takes less than 80 MB, and less than 300 MB while it restores a snapshot (bench/README.md); page cache counts too. No limit of
 * CPU: it would only slow transfers down.
 */
const burstable: Resources = { requests: { cpu: '50m', memory: '128Mi' }, limits: { memory: '512Mi' } };

/** For pods that are of the class Guaranteed: an agent with anything else would take that from them. No whole CPU, which would be a CPU of its own. */
const amount = { cpu: '500m', memory: '512Mi' };
const guaranteed: Resources = { requests: amount, limits: amount };

/** What an agent gets whose pod says nothing. https://kubernetes.io/docs/concepts/workloads/pods/pod-qos/ */
export const defaultResources = (pod: Pod): Resources => (isGuaranteed(pod) ? guaranteed : burstable);

const isGuaranteed = (pod: Pod): boolean => {
  const containers = allContainers(pod);
  return (
    containers.length > 0 &&
    containers.every(({ resources }) =>
      ['cpu', 'memory'].every((name) => {
        const limit = resources?.limits?.[name];
        return limit !== undefined && limit === (resources?.requests?.[name] ?? limit);
      }),
    )
  );
};
