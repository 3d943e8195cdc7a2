import type { LogFields, Logger } from '@nodetask/shared';
import { type KubeMetrics, noKubeMetrics } from '../../src/kube/kube-metrics.ts';

export interface LogLine {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly message: string;
  readonly fields: LogFields;
}

/** A logger that keeps its lines. */
export const recordLog = (): { logger: Logger; lines: LogLine[] } => {
  const lines: LogLine[] = [];
  const make = (inherited: LogFields): Logger => {
    const at =
      (level: LogLine['level']) =>
      (message: string, fields: LogFields = {}): void => {
        lines.push({ level, message, fields: { ...inherited, ...fields } });
      };
    return {
      debug: at('debug'),
      info: at('info'),
      warn: at('warn'),
      error: at('error'),
      child: (fields) => make({ ...inherited, ...fields }),
    };
  };
  return { logger: make({}), lines };
};

/** Metrics that keep what they were told. */
export class RecordedMetrics {
  readonly calls: (readonly unknown[])[] = [];
  readonly metrics: KubeMetrics;

  constructor() {
    const record =
      (name: string) =>
      (...args: unknown[]): (() => void) => {
        this.calls.push([name, ...args]);
        return () => undefined;
      };
    this.metrics = Object.fromEntries(
      Object.keys(noKubeMetrics).map((name) => [name, record(name)]),
    ) as unknown as KubeMetrics;
  }

  /** How often a metric was told something that begins with `args`. */
  count(name: keyof KubeMetrics, ...args: readonly unknown[]): number {
    return this.calls.filter((call) => [name, ...args].every((arg, index) => call[index] === arg)).length;
  }
}
