import * as z from 'zod';
import { asyncSchema } from './schedule.ts';
import { taskTypeSchema } from './task-type.ts';

/** RFC 3339 in UTC, as `Date.prototype.toISOString` writes it. */
export const timestamp = z.iso.datetime().max(35);

export const taskStatuses = ['running', 'completed', 'failed'] as const;
export type TaskStatus = (typeof taskStatuses)[number];

export const outcomes = ['changed', 'unchanged', 'skipped'] as const;
export type Outcome = (typeof outcomes)[number];

/** The most characters of the error of a daemon that tries again. */
export const maxLastErrorCharacters = 512;

/** How far a running task is. `done`, `total` and `ratePerSecond` are in `unit`. */
export const progressSchema = z.strictObject({
  stage: z.string().max(64).describe('What is being done, for instance download.'),
  done: z.number().min(0).describe('How much is done, in unit.'),
  total: z.number().min(0).optional().describe('How much there is, in unit, where known.'),
  unit: z.string().max(16).describe('Unit of done and total, for instance bytes, files or blocks.'),
  percent: z.number().min(0).max(100).optional().describe('done of total, in percent.'),
  ratePerSecond: z.number().min(0).optional().describe('Recent rate, in unit per second.'),
  etaSeconds: z.number().min(0).optional().describe('Seconds that the rest takes at the recent rate.'),
  at: timestamp.describe('When this was measured.'),
  stalledSince: timestamp
    .optional()
    .describe('Daemon that fails and tries again: since when it has not got on. Absent while it gets on.'),
  lastError: z
    .strictObject({
      code: z.string().max(64).describe('Code of the error, see the error reference.'),
      message: z
        .string()
        .max(maxLastErrorCharacters)
        .describe('What went wrong and what to do, at most 512 characters.'),
    })
    .optional()
    .describe('What it failed with last; beside stalledSince.'),
});

export type Progress = z.output<typeof progressSchema>;

/** The most that `output` may take as JSON, in bytes. */
export const maxOutputBytes = 16 * 1024;

/** The most warnings of a result, and the most characters of each. */
export const maxWarnings = 8;
export const maxWarningCharacters = 256;

/** The most characters of what a result says about its reason. */
export const maxMessageCharacters = 512;

const reason = z
  .string()
  .max(64)
  .optional()
  .describe(
    'Why a run that completed changed nothing, for instance already-uploaded; see the reasons in the error reference.',
  );

/** What became of a task on a target. Optional members are absent, never null. */
export const taskResultSchema = z.strictObject({
  id: z.uuid().describe('Id of the task (UUID).'),
  type: taskTypeSchema,
  status: z
    .enum(taskStatuses)
    .describe('running, completed or failed. A schedule that waits for its next run is running; so is a daemon.'),
  params: z.record(z.string(), z.unknown()).optional().describe('Params that the task runs with, defaults filled in.'),
  async: asyncSchema.optional().describe('Schedule or daemon; absent for a one-shot.'),
  error: z.string().optional().describe('Why it failed, and what to do.'),
  submittedAt: timestamp.describe('When the agent accepted it.'),
  completedAt: timestamp.optional().describe('When the last run ended; absent while a one-shot or daemon runs.'),
  nextRunAt: timestamp.optional().describe('When a schedule fires next.'),
  run: z
    .int()
    .min(0)
    .describe(
      'Firing of a schedule, or rerun of a failed one-shot; the first is 1. 0 = a schedule that has not fired yet.',
    ),
  missedRuns: z
    .int()
    .min(1)
    .max(1_000_000_000)
    .optional()
    .describe(
      'Firings of a schedule so far that did not run in time: over the starting deadline, or made one with a later one.',
    ),
  outcome: z
    .enum(outcomes)
    .optional()
    .describe(
      'What a completed run did: changed, unchanged (nothing to do) or skipped (not done: something that it needs is missing).',
    ),
  reason,
  message: z
    .string()
    .max(maxMessageCharacters)
    .optional()
    .describe('What it did, or why it did nothing, in words, with numbers and what to do, at most 512 characters.'),
  output: z
    .record(z.string(), z.unknown())
    .optional()
    .describe('Output of the last run, by task type; at most 16 KiB.'),
  warnings: z
    .array(z.string().max(maxWarningCharacters))
    .max(maxWarnings)
    .optional()
    .describe('What the last run succeeded in spite of, for instance that nothing proved the chain of an archive.'),
  progress: progressSchema.optional().describe('How far the active run is.'),
  errorCode: z.string().max(64).optional().describe('Code of the error, see the error reference.'),
  retriable: z.boolean().optional().describe('Whether the same task may succeed when tried again.'),
  cancelled: z.boolean().optional().describe('True where the run was stopped by a cancel or a delete.'),
});

export type TaskResult = z.output<typeof taskResultSchema>;

/** The most characters of a text about one firing of a schedule. */
export const maxRunTextCharacters = 128;

const count = (of: string) => z.int().min(0).optional().describe(of);

/** What a run came to in numbers, for programs and for whoever asks which height Tuesday's upload had. */
export const runNumbersSchema = z.strictObject({
  height: count('Height of the snapshot, or of the last block that was exported.'),
  bytes: count('Bytes that were sent or fetched.'),
  blocks: count('Blocks that were exported.'),
  peers: count('Peers that were found.'),
  changes: count('Keys of files that were changed.'),
});

export type RunNumbers = z.output<typeof runNumbersSchema>;

/** One firing of a schedule, as kept on status (the last 10). */
export const runRecordSchema = z.strictObject({
  run: z.int().min(1).describe('Number of the firing, from 1.'),
  status: z
    .enum([...taskStatuses, 'missed'])
    .describe('running, completed, failed, or missed (its starting deadline passed).'),
  startedAt: timestamp.describe('When it started; for a missed one, when it was due.'),
  completedAt: timestamp.optional().describe('When it ended.'),
  outcome: z.enum(outcomes).optional().describe('What it did, where it completed: changed, unchanged or skipped.'),
  reason,
  message: z
    .string()
    .max(maxRunTextCharacters)
    .optional()
    .describe('What it did, or why it did nothing, in words, at most 128 characters.'),
  numbers: runNumbersSchema.optional().describe('The same in numbers.'),
  error: z.string().max(maxRunTextCharacters).optional().describe('Why it failed, at most 128 characters.'),
});

export type RunRecord = z.output<typeof runRecordSchema>;

/** How many runs of a schedule are kept on status. */
export const maxRunRecords = 10;
