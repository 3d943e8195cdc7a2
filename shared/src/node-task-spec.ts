import { z } from 'zod';
import { daemonSchema, scheduleSchema } from './schedule.ts';
import { taskTypeSchema } from './task-type.ts';

const labelSelector = z
  .strictObject({
    matchLabels: z
      .record(z.string().max(317), z.string().max(63))
      .optional()
      .describe('Labels that a pod must carry, all of them.'),
    matchExpressions: z
      .array(
        z.strictObject({
          key: z.string().min(1).max(317).describe('Label key.'),
          operator: z.enum(['In', 'NotIn', 'Exists', 'DoesNotExist']).describe('How key relates to values.'),
          values: z
            .array(z.string().max(63))
            .max(64)
            .optional()
            .describe('Values for In and NotIn; none for Exists and DoesNotExist.'),
        }),
      )
      .max(32)
      .optional()
      .describe('Requirements that a pod must meet, all of them.'),
  })
  .refine(
    (selector) => Object.keys(selector.matchLabels ?? {}).length + (selector.matchExpressions ?? []).length > 0,
    'an empty selector would match every pod: name at least one label',
  );

export type LabelSelector = z.output<typeof labelSelector>;

/** Which pods run the task; only pods with the label nodetask.dev/agent=enabled count. */
const target = z
  .strictObject({
    podName: z
      .string()
      .min(1)
      .max(253)
      .regex(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/, 'must be the name of a pod')
      .optional()
      .describe('Name of one pod.'),
    selector: labelSelector
      .optional()
      .describe(
        'Labels of the pods; one-shots keep the pods of their first dispatch, schedules and daemons follow the selector.',
      ),
    waitSeconds: z
      .int()
      .min(1)
      .max(604_800)
      .default(300)
      .describe('Seconds that a target may take to appear and answer.'),
  })
  .refine(
    (value) => (value.podName === undefined) !== (value.selector === undefined),
    'give exactly one of podName and selector',
  );

const intOrPercent = z.union([
  z.int().min(0).max(256),
  z.string().regex(/^(100|[1-9]?[0-9])%$/, 'must be a whole number or a percentage such as 25%'),
]);

const async = z
  .strictObject({
    schedule: z
      .strictObject({
        cron: scheduleSchema.shape.cron,
        timeZone: scheduleSchema.shape.timeZone,
        blockHeight: scheduleSchema.shape.blockHeight,
        startingDeadlineSeconds: scheduleSchema.shape.startingDeadlineSeconds,
      })
      .refine(
        (schedule) => (schedule.cron === undefined) !== (schedule.blockHeight === undefined),
        'give exactly one of cron and blockHeight',
      )
      .refine(
        (schedule) => schedule.timeZone === undefined || schedule.cron !== undefined,
        'timeZone goes with cron only',
      )
      .optional()
      .describe('Run by cron, or once at a block height.'),
    daemon: daemonSchema.optional().describe('Run for ever.'),
  })
  .refine(
    (value) => (value.schedule === undefined) !== (value.daemon === undefined),
    'give exactly one of schedule and daemon',
  );

/** What a user writes. */
export const nodeTaskSpecSchema = z.strictObject({
  type: taskTypeSchema,
  target: target.describe('Which pods run the task. Immutable, except together with a new runID.'),
  params: z
    .record(z.string(), z.unknown())
    .optional()
    .describe('Parameters of the task type. Immutable, except together with a new runID.'),
  async: async
    .optional()
    .describe(
      'Absent: run once, now. Its shape is immutable, except together with a new runID; cron and its companions may change.',
    ),
  timeoutSeconds: z
    .int()
    .min(1)
    .max(31_536_000)
    .optional()
    .describe('Seconds that one attempt may take, counted from its dispatch. Default: no limit.'),
  retry: z
    .strictObject({
      limit: z
        .int()
        .min(0)
        .max(100)
        .default(0)
        .describe('How often a failed attempt that is retriable is tried again.'),
      backoffSeconds: z
        .int()
        .min(1)
        .max(86_400)
        .default(10)
        .describe('Seconds before the first retry; doubles with each.'),
      maxBackoffSeconds: z.int().min(1).max(86_400).default(300).describe('The most seconds before a retry.'),
    })
    .optional()
    .describe('Retries of failed attempts. Default: none.'),
  strategy: z
    .strictObject({
      maxParallel: intOrPercent
        .default(1)
        .describe('How many targets run at the same time: a number or a percentage of the targets.'),
      order: z
        .enum(['Name', 'Ordinal'])
        .default('Name')
        .describe('Order of the targets: by name, or by the number at the end of the name.'),
      failureThreshold: intOrPercent
        .default(0)
        .describe('How many targets may fail: a number or a percentage of the targets.'),
      onFailure: z
        .enum(['Stop', 'Pause', 'Continue'])
        .default('Stop')
        .describe('What to do with the targets that have not started once more than failureThreshold have failed.'),
    })
    .optional()
    .describe('How the task goes over many targets.'),
  dependsOn: z
    .array(z.string().min(1).max(253))
    .max(32)
    .optional()
    .describe('Names of NodeTasks in the same namespace that must have completed first.'),
  suspend: z
    .boolean()
    .default(false)
    .describe('Start nothing new while true. Work that runs goes on (unlike with a suspended Job).'),
  cancel: z.boolean().default(false).describe('Stop the work and end as Cancelled.'),
  runID: z
    .string()
    .min(1)
    .max(63)
    .regex(/^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$/, 'must be letters, digits, ".", "_" and "-", as a label value')
    .optional()
    .describe('Change it to run a finished task again.'),
  ttlSecondsAfterFinished: z
    .int()
    .min(0)
    .max(315_360_000)
    .optional()
    .describe('Seconds after which a finished NodeTask is deleted. Default: never.'),
});

export type NodeTaskSpec = z.output<typeof nodeTaskSpecSchema>;
