import { Gauge, type Registry } from 'prom-client';

export interface AbsentGaugeOptions<L extends string> {
  readonly name: string;
  readonly help: string;
  readonly labelNames?: readonly L[];
  /** The series as of now. */
  readonly read: () => Promise<readonly { readonly labels: Readonly<Record<L, string>>; readonly value: number }[]>;
}

/** Registers a gauge whose series are absent where there is nothing to tell: a 0 would be a lie, and an alert would believe it. */
export const registerAbsentGauge = <L extends string = never>(
  registry: Registry,
  { name, help, labelNames = [], read }: AbsentGaugeOptions<L>,
): void => {
  const gauge: Gauge<L> = new Gauge<L>({
    name,
    help,
    labelNames: [...labelNames],
    registers: [registry],
    collect: async () => {
      const series = await read();
      gauge.reset();
      // Without labels a reset gauge is 0.
      if (labelNames.length === 0) gauge.remove();
      for (const { labels, value } of series) gauge.set(labels, value);
    },
  });
};
