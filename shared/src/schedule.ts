import * as z from 'zod';
import { exactlyOne, requires, withRules } from './cross-field-rule.ts';
import { blockHeight } from './params/fields.ts';

/** Five fields, a name such as @daily, or a list of them; the agent's cron module is the judge. */
const cron = z
  .string()
  .min(1)
  .max(256)
  .describe(
    'When to fire: minute, hour, day of month, month, day of week; or @hourly, @daily, @weekly, @monthly, @yearly. Steps are */n, a-b/n, or a/n from a on. A day matches by day of month OR day of week, as in a CronJob.',
  );

const timeZone = z
  .string()
  .min(1)
  .max(64)
  .describe('IANA time zone of cron, for instance Europe/Berlin. Default: Etc/UTC.');

const startingDeadlineSeconds = z
  .int()
  .min(1)
  .max(31_536_000)
  .describe('Seconds after its time within which a run may still start; later it counts as missed. Default: no limit.');

/** Of a trigger and its companions. */
export const scheduleRules = [
  exactlyOne('cron', 'blockHeight'),
  requires('timeZone', 'cron', 'timeZone goes with cron only: remove it'),
];

/** Exactly one trigger: `cron` recurs, `blockHeight` fires once and ends. */
export const scheduleSchema = withRules(
  z.strictObject({
    cron: cron.optional(),
    timeZone: timeZone.optional(),
    blockHeight: blockHeight.optional().describe("Fire once, when the node's chain has reached this height."),
    startingDeadlineSeconds: startingDeadlineSeconds.optional(),
    suspend: z.boolean().optional().describe('Fire no run while true; a run that is active goes on.'),
  }),
  scheduleRules,
);

export type Schedule = z.output<typeof scheduleSchema>;

/** What may change while a schedule lives; absent members stay as they are. */
export const scheduleUpdateSchema = z
  .strictObject({
    cron: cron.optional(),
    timeZone: timeZone.optional(),
    startingDeadlineSeconds: startingDeadlineSeconds.nullable().optional(),
    suspend: z.boolean().optional(),
  })
  .refine(
    (update) => Object.keys(update).length > 0,
    'give at least one of cron, timeZone, startingDeadlineSeconds, suspend',
  );

/** `startingDeadlineSeconds: null` takes the deadline away. */
export type ScheduleUpdate = z.output<typeof scheduleUpdateSchema>;

/** What the agent does when a daemon throws: start it again with growing pauses, or let it be failed. */
export const restartPolicies = ['OnFailure', 'Never'] as const;
export type RestartPolicy = (typeof restartPolicies)[number];

export const daemonSchema = z.strictObject({
  restartPolicy: z
    .enum(restartPolicies)
    .default('OnFailure')
    .describe('OnFailure starts a daemon that ended again; Never lets it be failed.'),
});

export type Daemon = z.output<typeof daemonSchema>;

export const asyncRules = [exactlyOne('schedule', 'daemon')];

/** How a task runs; absent = once, now. */
export const asyncSchema = withRules(
  z.strictObject({
    schedule: scheduleSchema.optional().describe('Run by cron, or once at a block height.'),
    daemon: daemonSchema.optional().describe('Run for ever.'),
  }),
  asyncRules,
);

export type Async = z.output<typeof asyncSchema>;
