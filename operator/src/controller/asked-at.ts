import type { NodeTask } from '@nodetask/shared';

/** creationTimestamp has whole seconds; how long after it a process that runs hears of a NodeTask at the latest. */
const arrivalMs = 2_000;

/**
 * When the run that spec asks for was asked for: as this process heard of it, or as the object says where that was long before.
 * Undefined for a later runID whose run had begun before this process knew of it. Milliseconds since the epoch.
 */
export const askedAt = ({ metadata, spec, status = {} }: NodeTask, heardAt: number): number | undefined => {
  const isFirst = (status.observedGeneration ?? -1) < 0 || (spec.runID === undefined && status.runID === undefined);
  if (isFirst) {
    const createdAt = Date.parse(metadata.creationTimestamp);
    return heardAt - createdAt < arrivalMs ? heardAt : createdAt;
  }
  return status.runID === spec.runID ? undefined : heardAt;
};
