import * as z from 'zod';
import type { PendingReport } from '../engine/engine-api.ts';

/** As little of a NodeTask as is looked at: newer versions may have more. */
const shownSchema = z.object({
  metadata: z.object({ uid: z.string() }),
  status: z
    .object({
      targets: z
        .array(z.object({ pod: z.string(), result: z.object({ id: z.string(), submittedAt: z.string() }).optional() }))
        .optional(),
    })
    .optional(),
});

/**
 * Whether a report from before this start of the agent may still be written. What the agent did since that report it no longer
 * knows: the object may be another one of the same name, or its row may show a later task.
 * @param object The NodeTask as the API server has it.
 */
export const isStillWanted = (report: PendingReport, object: unknown, podName: string): boolean => {
  const { metadata, status } = shownSchema.parse(object);
  if (metadata.uid !== report.ref.uid) return false;
  const shown = status?.targets?.find(({ pod }) => pod === podName)?.result;
  return (
    shown === undefined ||
    shown.id === report.id ||
    Date.parse(shown.submittedAt) <= Date.parse(report.result.submittedAt)
  );
};
