import type { CronFault } from './cron-fault.ts';

/** The fields of an expression, in their order. */
export const cronFields = ['minute', 'hour', 'dayOfMonth', 'month', 'dayOfWeek'] as const;
export type CronField = (typeof cronFields)[number];
export type CronFields = Readonly<Record<CronField, string>>;

/** The values of each field, for messages and for `*`. Day of week takes 7 as another Sunday. */
export const cronRanges: Readonly<Record<CronField, readonly [low: number, high: number]>> = {
  minute: [0, 59],
  hour: [0, 23],
  dayOfMonth: [1, 31],
  month: [1, 12],
  dayOfWeek: [0, 7],
};

/**
 * Writes what CronJob's parser takes beyond node-cron in forms that both know: `a/n` as `a-max/n`, and `?` as `*`. What that parser takes by
 * accident, and what is more likely a slip, is a fault that says what to write.
 */
export const plainFields = (written: CronFields): CronFields | readonly CronFault[] => {
  const faults = cronFields.flatMap((field) => {
    const message = slipIn(field, written[field]);
    return message === undefined ? [] : { field, value: written[field], message };
  });
  if (faults.length > 0) return faults;
  const plain = (field: CronField): string =>
    written[field]
      .split(',')
      .map((part) => plainPart(field, part))
      .join(',');
  return {
    minute: plain('minute'),
    hour: plain('hour'),
    dayOfMonth: plain('dayOfMonth'),
    month: plain('month'),
    dayOfWeek: plain('dayOfWeek'),
  };
};

const slipIn = (field: CronField, text: string): string | undefined => {
  const parts = text.split(',');
  const others = parts.filter((part) => part !== '');
  if (others.length < parts.length) return `has an empty part: write ${others.length === 0 ? '*' : others.join(',')}`;
  if (/\+\d/.test(text)) return `has a plus sign: write ${text.replaceAll(/\+(?=\d)/g, '')}`;
  if (parts.some((part) => /^[*?]-/.test(part)))
    return 'has a range that begins with a star: write * for every value, or a range a-b';
  const seventh = field === 'dayOfWeek' ? parts.find((part) => /^0*7\/\d/.test(part)) : undefined;
  if (seventh !== undefined) return `begins with 7, which is Sunday once more: write 0${seventh.replace(/^0*7/, '')}`;
  return parts.some((part) => isBeyond(field, part)) ? expectedValues(field) : undefined;
};

/** node-cron looks at the ends of some ranges only. */
const isBeyond = (field: CronField, part: string): boolean => {
  const [low, high] = cronRanges[field];
  const [, start, end] = /^(\d+)(?:-(\d+))?(?:\/\d+)?$/.exec(part) ?? [];
  return [start, end].some((number) => number !== undefined && (Number(number) < low || Number(number) > high));
};

export const expectedValues = (field: CronField): string => {
  const [low, high] = cronRanges[field];
  const names = field === 'month' || field === 'dayOfWeek' ? ', or English names of three letters' : '';
  return `expected values from ${low} to ${high}, ranges a-b, steps */n, a/n or a-b/n, lists a,b${names}`;
};

const plainPart = (field: CronField, part: string): string => {
  const [, start, step] = /^(\d+|[a-z]+)\/(\d+)$/.exec(part) ?? [];
  if (start !== undefined) return `${start}-${lastOf(field)}/${String(step)}`;
  return part.startsWith('?') ? `*${part.slice(1)}` : part;
};

/** Saturday is the last day of the week: 7 is Sunday once more. */
const lastOf = (field: CronField): number => (field === 'dayOfWeek' ? 6 : cronRanges[field][1]);
