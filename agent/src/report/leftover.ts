import type { PendingReport } from '../engine/engine-api.ts';
import { type ShownRow, shownNodeTaskSchema } from './shown-node-task.ts';

/**
 * Whether a report from before this start of the agent may still be written. What the agent did since that report it no longer
 * knows: the object may be another one of the same name, or its row may show a later task.
 * @param object The NodeTask as the API server has it.
 */
export const isStillWanted = (report: PendingReport, object: unknown, podName: string): boolean => {
  const { metadata, status } = shownNodeTaskSchema.parse(object);
  if (metadata.uid !== report.ref.uid) return false;
  return !showsLater(
    status?.targets?.find(({ pod }) => pod === podName),
    report,
  );
};

/** True if a row shows a task that was submitted after this one. */
export const showsLater = (row: ShownRow | undefined, { id, result }: Pick<PendingReport, 'id' | 'result'>): boolean =>
  row?.result !== undefined &&
  row.result.id !== id &&
  Date.parse(row.result.submittedAt) > Date.parse(result.submittedAt);
