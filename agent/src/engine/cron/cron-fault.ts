/** One thing that is wrong with a cron expression. */
export interface CronFault {
  readonly field: 'minute' | 'hour' | 'dayOfMonth' | 'month' | 'dayOfWeek' | 'timeZone' | 'expression';
  readonly value: string;
  readonly message: string;
}
