import * as z from 'zod';

/** As little of a NodeTask as is looked at: newer versions may have more. */
export const shownNodeTaskSchema = z.object({
  metadata: z.object({ uid: z.string(), deletionTimestamp: z.string().optional() }),
  spec: z.object({ cancel: z.boolean().optional() }).optional(),
  status: z
    .object({
      targets: z
        .array(
          z.object({
            pod: z.string(),
            taskID: z.string().optional(),
            phase: z.string().optional(),
            result: z
              .object({
                id: z.string(),
                status: z.string().optional(),
                submittedAt: z.string(),
                run: z.number().optional(),
              })
              .optional(),
            runs: z.array(z.object({ run: z.number(), status: z.string(), startedAt: z.string() })).optional(),
          }),
        )
        .optional(),
    })
    .optional(),
});

export type ShownNodeTask = z.output<typeof shownNodeTaskSchema>;
export type ShownRow = NonNullable<NonNullable<ShownNodeTask['status']>['targets']>[number];
