import * as z from 'zod';
import { celList } from './crd/cel.ts';
import { cronPattern } from './cron-pattern.ts';
import { type CrossFieldRule, exactlyOne, withRules } from './cross-field-rule.ts';
import { keyPrefixRule, labelKey, labelKeysRule, labelValue, maxLabelKeyCharacters } from './labels.ts';
import { maxTargets } from './names.ts';
import { boundedMap } from './params/fields.ts';
import { paramsFit, paramsTooLarge } from './params/size.ts';
import { asyncRules, daemonSchema, scheduleRules, scheduleSchema } from './schedule.ts';
import { daemonTypes, taskTypes, taskTypeSchema } from './task-type.ts';

const matchExpression = withRules(
  z.strictObject({
    key: labelKey.describe('Label key.'),
    operator: z.enum(['In', 'NotIn', 'Exists', 'DoesNotExist']).describe('How key relates to values.'),
    values: z
      .array(labelValue)
      .max(32)
      .optional()
      .describe('Values for In and NotIn; none for Exists and DoesNotExist.'),
  }),
  [
    {
      cel: "(self.operator in ['In', 'NotIn']) == (has(self.values) && size(self.values) > 0)",
      message: 'In and NotIn need values; Exists and DoesNotExist take none',
      holds: ({ operator, values }) =>
        (operator === 'In' || operator === 'NotIn') === (Array.isArray(values) && values.length > 0),
    },
    keyPrefixRule,
  ],
);

const isEmpty = (value: unknown): boolean => value === undefined || Object.keys(value as object).length === 0;

const labelSelector = withRules(
  z.strictObject({
    matchLabels: boundedMap({ key: maxLabelKeyCharacters, value: labelValue }, { maxKeys: 16 })
      .optional()
      .describe('Labels that a pod must carry, all of them.'),
    matchExpressions: z
      .array(matchExpression)
      .max(8)
      .optional()
      .describe('Requirements that a pod must meet, all of them.'),
  }),
  [
    {
      cel: '(has(self.matchLabels) && size(self.matchLabels) > 0) || (has(self.matchExpressions) && size(self.matchExpressions) > 0)',
      message: 'an empty selector would match every pod: name at least one label',
      holds: ({ matchLabels, matchExpressions }) => !isEmpty(matchLabels) || !isEmpty(matchExpressions),
    },
    labelKeysRule('matchLabels'),
  ],
);

export type LabelSelector = z.output<typeof labelSelector>;

/** Name of a pod or another object: a DNS subdomain. */
const objectName = (of: string) =>
  z
    .string()
    .min(1)
    .max(253)
    .regex(
      /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/,
      `must be the name of ${of}: lower-case letters, digits, "-" and "."`,
    );

/** Which pods run the task; only pods with the label nodetask.dev/agent=enabled count. */
const target = withRules(
  z.strictObject({
    podName: objectName('a pod').optional().describe('Name of one pod. Give this or selector.'),
    selector: labelSelector
      .optional()
      .describe(
        'Labels of the pods; one-shots keep the pods of their first dispatch, schedules and daemons follow the selector. Give this or podName.',
      )
      .meta({ 'x-kubernetes-map-type': 'atomic' }),
    waitSeconds: z
      .int()
      .min(1)
      .max(604_800)
      .default(300)
      .describe('Seconds that a target may take to appear and answer, and a NodeTask that dependsOn names to appear.'),
  }),
  [exactlyOne('podName', 'selector')],
);

const numberOrPercent = (smallest: 0 | 1) =>
  z.union([
    z.int().min(smallest).max(maxTargets),
    z
      .string()
      .max(4)
      .regex(
        smallest === 0 ? /^(100|[1-9]?[0-9])%$/ : /^(100|[1-9][0-9]?)%$/,
        `must be a whole number or a percentage from ${smallest}% to 100%, for instance 25%`,
      ),
  ]);

/** Only the shape, so that `kubectl apply` can refuse what is far off; the agent's cron module is the judge. */
const cron = scheduleSchema.shape.cron
  .unwrap()
  .regex(
    cronPattern,
    'must be five fields (minute 0-59, hour 0-23, day of month 1-31, month 1-12, day of week 0-7) such as "0 3 * * *", or a name such as @daily',
  );

const timeZone = scheduleSchema.shape.timeZone
  .unwrap()
  .regex(/^[A-Za-z0-9_+-]+(\/[A-Za-z0-9_+-]+)*$/, 'must be an IANA time zone such as Europe/Berlin or Etc/UTC');

const schedule = withRules(
  z.strictObject({
    cron: cron.optional(),
    timeZone: timeZone.optional(),
    blockHeight: scheduleSchema.shape.blockHeight,
    startingDeadlineSeconds: scheduleSchema.shape.startingDeadlineSeconds,
  }),
  scheduleRules,
);

const async = withRules(
  z.strictObject({
    schedule: schedule.optional().describe('Run by cron, or once at a block height. Give this or daemon.'),
    daemon: daemonSchema.optional().describe(`Run for ever; only ${daemonTypes.join(' and ')}. Give this or schedule.`),
  }),
  asyncRules,
);

const daemonsOnly: CrossFieldRule = {
  cel: `!has(self.async) || !has(self.async.daemon) || self.type in ${celList(daemonTypes)}`,
  message: `async.daemon goes with ${daemonTypes.join(' and ')} only: run the others once, or by async.schedule`,
  holds: ({ type, async: how }) =>
    (how as { readonly daemon?: unknown } | undefined)?.daemon === undefined ||
    (daemonTypes as readonly unknown[]).includes(type),
};

const members = z.strictObject({
  // kubectl explain cuts the enum after four: the description names them all.
  type: taskTypeSchema.describe(`What to do: ${taskTypes.join(', ')}. Immutable, except together with a new runID.`),
  target: target.describe('Which pods run the task. Immutable, except together with a new runID.'),
  params: z
    .record(z.string(), z.unknown())
    .refine(paramsFit, paramsTooLarge)
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
    .describe(
      'Seconds that one attempt may take, counted from its dispatch. Default: no limit. A change counts from the next attempt on; a lower one also ends an attempt that runs, within about a minute.',
    ),
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
        .describe(
          'Seconds before the first retry; doubles with each. Up to a quarter is taken off, for each target another part.',
        ),
      maxBackoffSeconds: z.int().min(1).max(86_400).default(300).describe('The most seconds before a retry.'),
    })
    .optional()
    .describe(
      'Retries of failed attempts of a task that runs once. Default: none. A schedule has its next run, a daemon its restartPolicy.',
    ),
  strategy: z
    .strictObject({
      maxParallel: numberOrPercent(1)
        .default(1)
        .describe(
          'How many targets run at the same time: a number, or a percentage of the targets, rounded down but at least 1.',
        ),
      order: z
        .enum(['Name', 'Ordinal'])
        .default('Name')
        .describe('Order of the turns: by name, or by StatefulSet and its ordinals (sei-9 before sei-10).'),
      failureThreshold: numberOrPercent(0)
        .default(0)
        .describe('How many targets may fail: a number, or a percentage of the targets, rounded down.'),
      onFailure: z
        .enum(['Stop', 'Pause', 'Continue'])
        .default('Stop')
        .describe(
          'What becomes of the targets that have not started once more than failureThreshold have failed: Stop ends them, and the task is Failed; Pause has them wait until failureThreshold is raised or onFailure changed; Continue runs them all.',
        ),
    })
    .optional()
    .describe(
      'How a task that runs once goes over many targets; default: one after the other. May change on the way. A schedule or daemon goes to all its targets at once.',
    ),
  dependsOn: z
    .array(objectName('a NodeTask'))
    .max(32)
    .refine((names) => new Set(names).size === names.length, 'names each NodeTask once')
    .optional()
    .describe(
      'Names of NodeTasks in the same namespace that must have completed before anything begins. One that fails fails this one; one that does not exist is waited for within target.waitSeconds.',
    )
    .meta({ 'x-kubernetes-list-type': 'set' }),
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
    .describe('Change it to run a finished task again, or a changed one. Once set it cannot be removed, only changed.'),
  ttlSecondsAfterFinished: z
    .int()
    .min(0)
    .max(315_360_000)
    .optional()
    .describe(
      'Seconds after which a finished NodeTask is deleted, unless another one waits for it by dependsOn. Default: never. A GitOps tool that still has it creates it anew, and it runs again.',
    ),
});

/** What a user writes. */
export const nodeTaskSpecSchema = withRules(members, [daemonsOnly]);

export type NodeTaskSpec = z.output<typeof nodeTaskSpecSchema>;
