import type { Clock, LogFields, Logger } from '@nodetask/shared';

export interface BoundedLoggerOptions {
  readonly logger: Logger;
  readonly clock: Clock;
  /** Lines of one message in a period. */
  readonly lines: number;
  readonly periodMs?: number;
}

const levels = ['debug', 'info', 'warn', 'error'] as const;

interface Period {
  passed: number;
  leftOut: number;
}

/**
 * A logger for what strangers can cause as often as they like. Of each message it passes on the first lines of a period; at the end of the period one more
 * line says how many were left out. Messages are the constant texts of the code: what strangers say belongs into the fields.
 */
export const boundedLogger = ({ logger, clock, lines, periodMs = 60_000 }: BoundedLoggerOptions): Logger => {
  const periods = new Map<string, Period>();

  const periodOf = (level: (typeof levels)[number], message: string): Period => {
    const key = `${level} ${message}`;
    const known = periods.get(key);
    if (known !== undefined) return known;
    const period: Period = { passed: 0, leftOut: 0 };
    periods.set(key, period);
    clock.setTimer(periodMs, () => {
      periods.delete(key);
      if (period.leftOut > 0) logger[level](message, { linesLeftOut: period.leftOut, ofSeconds: periodMs / 1000 });
    });
    return period;
  };

  const bound = (fields: LogFields): Logger => {
    const write =
      (level: (typeof levels)[number]) =>
      (message: string, more?: LogFields): void => {
        const period = periodOf(level, message);
        if (period.passed === lines) {
          period.leftOut += 1;
          return;
        }
        period.passed += 1;
        logger[level](message, { ...fields, ...more });
      };
    return {
      debug: write('debug'),
      info: write('info'),
      warn: write('warn'),
      error: write('error'),
      child: (more) => bound({ ...fields, ...more }),
    };
  };
  return bound({});
};
