import {
  type Async,
  type Schedule,
  type ScheduleUpdate,
  scheduleUpdateSchema,
  TaskError,
  updateWithoutZeroValues,
} from '@nodetask/shared';
import { cronTrigger, defaultTimeZone } from './cron/cron-trigger.ts';
import { revised } from './record-changes.ts';
import type { TaskRecord } from './store.ts';

/** What a schedule waits for and how it changes, as pure functions of its record. */

export const scheduleOf = (record: TaskRecord): Schedule => record.async?.schedule ?? {};

/** A schedule that may fire: it has not ended, is not suspended, and no run of it is active. */
export const waits = (record: TaskRecord): boolean =>
  record.kind === 'schedule' &&
  record.result.status === 'running' &&
  !record.active &&
  scheduleOf(record).suspend !== true;

/**
 * Sets the next time of a cron schedule: the first after `after`. One by height keeps what it has: the time at which its height was
 * reached. A suspended one has none.
 */
export const withNextRun = (record: TaskRecord, after: number): TaskRecord => {
  const { cron, timeZone, suspend } = scheduleOf(record);
  const { nextRunAt: _before, ...result } = record.result;
  if (suspend === true) return { ...record, result };
  if (cron === undefined) return record;
  const nextRunAt = new Date(cronTrigger(cron, timeZone).next(after)).toISOString();
  return { ...record, result: { ...result, nextRunAt } };
};

/** A clock that is set back by less fires nothing twice, and a schedule waits for so long at most; one that is set back by more was wrong. */
const clockWasAheadMs = 3_600_000;

/**
 * A cron schedule whose last run, or whose making, lies in the future: the clock was ahead for a while. Its next time is reckoned anew, or it would not fire
 * until that future has come. Undefined if there is nothing to put right.
 */
export const afterClockAhead = (record: TaskRecord, now: number): TaskRecord | undefined => {
  const { submittedAt, nextRunAt } = record.result;
  const last = Math.max(Date.parse(submittedAt), Date.parse(record.runs?.[0]?.startedAt ?? submittedAt));
  if (nextRunAt === undefined || scheduleOf(record).cron === undefined || last <= now + clockWasAheadMs)
    return undefined;
  const corrected = withNextRun(record, now);
  return Date.parse(corrected.result.nextRunAt ?? '') < Date.parse(nextRunAt) ? corrected : undefined;
};

/** @throws TaskError `invalid-request` */
export const parseUpdate = (update: ScheduleUpdate): ScheduleUpdate => {
  const parsed = scheduleUpdateSchema.safeParse(updateWithoutZeroValues(update));
  if (parsed.success) return parsed.data;
  const faults = parsed.error.issues.map(({ path, message }) => ({ path: path.join('.'), message }));
  const text = faults.map(({ path, message }) => (path === '' ? message : `${path}: ${message}`)).join('; ');
  throw new TaskError('invalid-request', `invalid update: ${text}`, { details: { faults } });
};

/**
 * Applies an update; the next time is reckoned anew from `now`. Run number, history and an active run stay.
 * @returns The same record where nothing changes, so that repeating an update moves nothing.
 * @throws TaskError `invalid-schedule` for a cron that is wrong, or for a schedule by block height that is given a cron.
 */
export const updated = (record: TaskRecord, update: ScheduleUpdate, now: number): TaskRecord => {
  const before = scheduleOf(record);
  for (const member of ['cron', 'timeZone'] as const) {
    if (update[member] !== undefined && before.blockHeight !== undefined) {
      const message = `${member} does not go with a schedule by blockHeight; its trigger cannot change`;
      throw new TaskError('invalid-schedule', message, { details: { faults: [{ path: member, message }] } });
    }
  }
  const after = changed(before, update);
  if (after.cron !== undefined) cronTrigger(after.cron, after.timeZone);
  if (isSame(before, after)) return record;
  const async: Async = { schedule: after };
  return revised(withNextRun({ ...record, async }, now), {});
};

const changed = (before: Schedule, update: ScheduleUpdate): Schedule => {
  const { startingDeadlineSeconds: oldDeadline, ...rest } = before;
  const deadline = update.startingDeadlineSeconds === undefined ? oldDeadline : update.startingDeadlineSeconds;
  return {
    ...rest,
    ...(update.cron === undefined ? {} : { cron: update.cron }),
    ...(update.timeZone === undefined ? {} : { timeZone: update.timeZone }),
    ...(update.suspend === undefined ? {} : { suspend: update.suspend }),
    ...(deadline === undefined || deadline === null ? {} : { startingDeadlineSeconds: deadline }),
  };
};

/**
 * The members in which the schedule of a repeated request differs from that of the record. One that does not say `suspend` says nothing about it.
 */
export const scheduleDifferences = (record: TaskRecord, asked: Schedule): readonly string[] => {
  const now = scheduleOf(record);
  const members = [
    ['cron', now.cron, asked.cron],
    ['timeZone', now.timeZone ?? defaultTimeZone, asked.timeZone ?? defaultTimeZone],
    ['startingDeadlineSeconds', now.startingDeadlineSeconds, asked.startingDeadlineSeconds],
    ['suspend', now.suspend ?? false, asked.suspend ?? now.suspend ?? false],
  ] as const;
  return members.flatMap(([name, before, after]) => (before === after ? [] : name));
};

const isSame = (a: Schedule, b: Schedule): boolean =>
  a.cron === b.cron &&
  a.timeZone === b.timeZone &&
  a.startingDeadlineSeconds === b.startingDeadlineSeconds &&
  (a.suspend ?? false) === (b.suspend ?? false);
