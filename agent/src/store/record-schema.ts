import { outcomes, taskStatuses, timestamp } from '@nodetask/shared';
import * as z from 'zod';

const whole = z.int().min(0);
const type = z.string().min(1).max(64);

/** Members that newer agents may add to a schedule are left alone; what a cron means is judged where it is used. */
const async = z.looseObject({
  schedule: z
    .looseObject({
      cron: z.string().optional(),
      timeZone: z.string().optional(),
      blockHeight: z.number().optional(),
      startingDeadlineSeconds: z.number().optional(),
      suspend: z.boolean().optional(),
    })
    .optional(),
  daemon: z.looseObject({ restartPolicy: z.string() }).optional(),
});

const result = z.looseObject({
  id: z.uuid(),
  type,
  status: z.enum(taskStatuses),
  submittedAt: timestamp,
  completedAt: timestamp.optional(),
  nextRunAt: timestamp.optional(),
  run: whole,
  missedRuns: whole.optional(),
  outcome: z.string().optional(),
  reason: z.string().optional(),
  message: z.string().optional(),
  output: z.record(z.string(), z.unknown()).optional(),
  progress: z
    .looseObject({
      stage: z.string(),
      done: z.number(),
      unit: z.string(),
      at: timestamp,
      stalledSince: timestamp.optional(),
      lastError: z.looseObject({ code: z.string(), message: z.string() }).optional(),
    })
    .optional(),
  error: z.string().optional(),
  errorCode: z.string().optional(),
  retriable: z.boolean().optional(),
  cancelled: z.boolean().optional(),
});

/**
 * The parts of a TaskRecord that the engine relies on when it reads one: nothing that has this shape makes it throw. A type that this agent does not have is
 * no damage, and neither are members that it does not know: the record may come from another version.
 */
export const recordSchema = z.looseObject({
  id: z.uuid(),
  kind: z.enum(['one-shot', 'schedule', 'daemon']),
  type,
  params: z.record(z.string(), z.unknown()),
  async: async.optional(),
  timeoutSeconds: z.number().optional(),
  resume: z.looseObject({ lastRun: whole, lastRunAt: timestamp.optional(), fired: z.boolean().optional() }).optional(),
  ref: z
    .looseObject({ namespace: z.string(), name: z.string(), uid: z.string(), maxResultBytes: z.number() })
    .optional(),
  trace: z.string().optional(),
  fingerprint: z.string(),
  result,
  active: z.boolean(),
  runStartedAt: timestamp.optional(),
  runs: z.array(
    z.looseObject({
      run: whole,
      status: z.string(),
      startedAt: timestamp,
      completedAt: timestamp.optional(),
      outcome: z.string().optional(),
      reason: z.string().optional(),
      error: z.string().optional(),
    }),
  ),
  fired: z.boolean().optional(),
  missedRuns: whole.optional(),
  resumed: z.literal(true).optional(),
  pledge: z
    .looseObject({
      report: z.looseObject({ outcome: z.enum(outcomes), output: z.record(z.string(), z.unknown()).optional() }),
      proof: z.record(z.string(), z.unknown()),
    })
    .optional(),
  crashes: whole.optional(),
  damaged: z.literal(true).optional(),
  revision: whole,
  reportedRevision: whole,
  sequence: whole,
});
