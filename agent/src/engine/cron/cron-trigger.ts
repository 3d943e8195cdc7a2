import { type JsonObject, momentText, TaskError } from '@nodetask/shared';
import { type CronExpression, parseCron } from './cron-expression.ts';
import type { CronFault } from './cron-fault.ts';
import { nextTime } from './next-time.ts';
import { isTimeZone } from './time-zone.ts';

/** The time zone of a cron expression that names none. */
export const defaultTimeZone = 'Etc/UTC';

/** When a schedule by cron fires. */
export interface CronTrigger {
  /** The first firing after `after`, both in milliseconds since the epoch. */
  next(after: number): number;
}

/**
 * Compiles an expression and its IANA time zone.
 * @param path Where the expression stands in the request, for the faults.
 * @throws TaskError `invalid-schedule`, its details.faults naming each field at fault.
 */
export const cronTrigger = (cron: string, timeZone: string = defaultTimeZone, path = 'cron'): CronTrigger => {
  const key = `${timeZone} ${cron}`;
  const cached = triggers.get(key);
  if (cached !== undefined) return cached;
  const expression = parseCron(cron);
  if (!isExpression(expression)) throw invalid(expression, path);
  if (!isTimeZone(timeZone)) {
    const message = 'is no IANA time zone that this agent knows; write it like Europe/Berlin';
    throw invalid([{ field: 'timeZone', value: timeZone, message }], path);
  }
  const trigger: CronTrigger = {
    next: (after) => {
      const next = nextTime(expression, after, timeZone);
      if (next === undefined) throw new RangeError(`cron "${cron}" fires at no time after ${momentText(after)}`);
      return next;
    },
  };
  if (triggers.size >= maxTriggers) triggers.clear();
  triggers.set(key, trigger);
  return trigger;
};

/** Schedules are asked for their next time again and again. */
const triggers = new Map<string, CronTrigger>();
const maxTriggers = 256;

/**
 * Checks a cron expression (five fields or a name such as @daily) and an IANA time zone.
 * @throws TaskError `invalid-schedule`: the message and details.faults name the field at fault.
 */
export const validateCron = (cron: string, timeZone?: string): void => {
  cronTrigger(cron, timeZone);
};

const isExpression = (parsed: CronExpression | readonly CronFault[]): parsed is CronExpression => 'minutes' in parsed;

const invalid = (faults: readonly CronFault[], path: string): TaskError => {
  const texts = faults.map(({ field, value, message }) => `${field} "${value}": ${message}`);
  const details: JsonObject = {
    faults: faults.map(({ field }, index) => ({
      path: field === 'timeZone' ? path.replace(/cron$/u, 'timeZone') : path,
      message: texts[index] ?? '',
    })),
  };
  return new TaskError('invalid-schedule', `invalid schedule: ${texts.join('; ')}`, { details });
};
