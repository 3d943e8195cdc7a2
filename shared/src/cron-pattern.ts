/** Values of one field: a number in its range, or a word or sign, of which the agent's cron module is the judge. */
const values = {
  minute: '0*[1-5]?[0-9]',
  hour: '0*(?:1?[0-9]|2[0-3])',
  dayOfMonth: '0*(?:[1-9]|[12][0-9]|3[01])',
  month: '0*(?:[1-9]|1[0-2])',
  dayOfWeek: '0*[0-7]',
} as const;

/** A list of values, ranges and steps. */
const field = (value: string): string => {
  const one = `(?:${value}|[A-Za-z*?#]+)`;
  const part = `${one}(?:-${one})?(?:/[0-9]+)?`;
  return `${part}(?:,${part})*`;
};

const fields = Object.values(values).map(field).join('\\s+');

/** What a cron expression looks like at a glance, so that `kubectl apply` refuses minute 61; whatever the agent takes fits it. */
// bounded: at most 256 characters, as the schema of cron says
export const cronPattern = new RegExp(`^\\s*(?:@[A-Za-z]+|${fields})\\s*$`);
