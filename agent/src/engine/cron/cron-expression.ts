import { validateDetailed } from 'node-cron';
import { cronAdvice } from './cron-advice.ts';
import type { CronFault } from './cron-fault.ts';
import { type CronField, type CronFields, cronFields, expectedValues, plainFields } from './cron-field.ts';

/** A parsed cron expression: the values on which each field matches. */
export interface CronExpression {
  readonly minutes: readonly number[];
  readonly hours: readonly number[];
  readonly daysOfMonth: ReadonlySet<number>;
  readonly months: ReadonlySet<number>;
  /** 0 = Sunday … 6 = Saturday. */
  readonly daysOfWeek: ReadonlySet<number>;
  /** Where both day fields are restricted, a day matches by either; else by both (which means: by the restricted one). */
  readonly eitherDay: boolean;
  /** True where every hour matches: such a schedule follows real time, not the clock on the wall, through daylight-saving changes. */
  readonly everyHour: boolean;
}

/** The names that stand for an expression. `@midnight` and `@annually` are the old spellings of cron. */
export const cronMacros = {
  '@yearly': '0 0 1 1 *',
  '@annually': '0 0 1 1 *',
  '@monthly': '0 0 1 * *',
  '@weekly': '0 0 * * 0',
  '@daily': '0 0 * * *',
  '@midnight': '0 0 * * *',
  '@hourly': '0 * * * *',
} as const satisfies Readonly<Record<string, string>>;

/** Longest length of each month; February has 29 days in some years. */
const longestMonth = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] as const;

/**
 * Parses five fields or a macro. Returns the faults where it is none, or names a day that no month has: such a schedule would
 * never fire.
 */
export const parseCron = (text: string): CronExpression | readonly CronFault[] => {
  const advice = cronAdvice(text.trim());
  if (advice !== undefined) return [{ field: 'expression', value: text, message: advice }];
  const source = text.trim().toLowerCase();
  const expanded = Object.hasOwn(cronMacros, source) ? cronMacros[source as keyof typeof cronMacros] : source;
  const parts = expanded.split(/\s+/u);
  const [minute, hour, dayOfMonth, month, dayOfWeek] = parts;
  if (
    minute === undefined ||
    hour === undefined ||
    dayOfMonth === undefined ||
    month === undefined ||
    dayOfWeek === undefined ||
    parts.length > cronFields.length
  ) {
    return [{ field: 'expression', value: text, message: wrongShape(source, parts.length) }];
  }
  const written = { minute, hour, dayOfMonth, month, dayOfWeek };
  const shapeFaults = [...extensions(written)];
  if (shapeFaults.length > 0) return shapeFaults;
  const plain = plainFields(written);
  return 'minute' in plain ? parseFields(plain, written, text) : plain;
};

const parseFields = (
  { minute, hour, dayOfMonth, month, dayOfWeek }: CronFields,
  written: CronFields,
  text: string,
): CronExpression | readonly CronFault[] => {
  // node-cron refuses a day that the month does not have even where the day of week would match, because it joins both
  // day fields by AND. So it never sees the two together; impossible dates are judged below, by CronJob's rule.
  const anyMonth = validateDetailed([minute, hour, dayOfMonth, '*', dayOfWeek].join(' '));
  const anyDay = validateDetailed([minute, hour, '*', month, dayOfWeek].join(' '));
  const faults = [...anyMonth.errors, ...anyDay.errors.filter(({ field }) => field === 'month')];
  if (anyMonth.fields === undefined || anyDay.fields === undefined || faults.length > 0) {
    return faults.map(({ field }) => describe(field, written, text));
  }
  const hours = numbers(anyMonth.fields.hour);
  const expression: CronExpression = {
    minutes: numbers(anyMonth.fields.minute),
    hours,
    daysOfMonth: new Set(numbers(anyMonth.fields.dayOfMonth)),
    months: new Set(numbers(anyDay.fields.month)),
    daysOfWeek: new Set(numbers(anyMonth.fields.dayOfWeek)),
    eitherDay: !isStar(dayOfMonth) && !isStar(dayOfWeek),
    everyHour: hours.length === 24,
  };
  return everComes(expression)
    ? expression
    : [
        {
          field: 'dayOfMonth',
          value: written.dayOfMonth,
          message: `no month of "${written.month}" has such a day; it would never fire`,
        },
      ];
};

const numbers = (values: readonly (number | string)[]): readonly number[] =>
  [...new Set(values.map(Number))].sort((a, b) => a - b);

/** CronJob's parser takes a field for unrestricted where one of its parts is a bare star; a star with a step restricts. */
const isStar = (field: string): boolean => field.split(',').some((part) => /^\*(?:\/0*1)?$/.test(part));

const everComes = ({ daysOfMonth, months, eitherDay }: CronExpression): boolean =>
  eitherDay || [...months].some((month) => [...daysOfMonth].some((day) => day <= (longestMonth[month - 1] ?? 0)));

/** What node-cron takes and CronJob does not: L, W and # in the day fields. */
function* extensions(parts: CronFields): Generator<CronFault> {
  for (const field of ['dayOfMonth', 'dayOfWeek'] as const) {
    const extended = field === 'dayOfMonth' ? /^l|\dw$|,l/u : /#|\dl$/u;
    if (extended.test(parts[field])) {
      yield {
        field,
        value: parts[field],
        message: 'L, W and # are not supported; a CronJob does not know them either',
      };
    }
  }
}

const isField = (field: string): field is CronField => cronFields.includes(field as CronField);

const wrongShape = (source: string, count: number): string =>
  source.startsWith('@')
    ? `unknown name; use one of ${Object.keys(cronMacros).join(', ')}`
    : `expected 5 fields (minute, hour, day of month, month, day of week), got ${source === '' ? 0 : count}`;

const describe = (field: string, written: CronFields, text: string): CronFault => {
  if (!isField(field)) {
    return { field: 'expression', value: text, message: 'contains characters that no cron expression has' };
  }
  return { field, value: written[field], message: expectedValues(field) };
};
