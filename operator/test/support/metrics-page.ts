/** A page in the text format of Prometheus, to be asked for values. */
export class MetricsPage {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  /** The value of the series with these labels and no others; undefined where there is none. */
  value(name: string, labels: Readonly<Record<string, string>> = {}): number | undefined {
    const wanted = sortedPairs(Object.entries(labels));
    for (const line of this.text.split('\n')) {
      const [, found, inner = '', value] = /^([a-z_:]+)(?:\{(.*)\})? (\S+)$/.exec(line) ?? [];
      if (found !== name) continue;
      const pairs = [...inner.matchAll(/(\w+)="([^"]*)"/g)].map(([, key = '', text = '']) => [key, text] as const);
      if (sortedPairs(pairs) === wanted) return Number(value);
    }
    return undefined;
  }
}

const sortedPairs = (pairs: readonly (readonly [string, string])[]): string =>
  JSON.stringify(pairs.toSorted(([a], [b]) => (a < b ? -1 : 1)));
