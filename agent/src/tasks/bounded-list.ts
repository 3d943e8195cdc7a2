/** The first of many things, and how many there are in all. */
export interface Counted<T> {
  readonly listed: readonly T[];
  readonly count: number;
}

export const joinCounted = <T>(all: readonly Counted<T>[]): Counted<T> => ({
  listed: all.flatMap(({ listed }) => listed),
  count: all.reduce((total, { count }) => total + count, 0),
});

/** Those that fit into a number of bytes, each as JSON in a list, in their order. */
export const fittingBytes = <T>(items: readonly T[], bytes: number): readonly T[] => {
  let left = bytes;
  return items.filter((item) => (left -= Buffer.byteLength(JSON.stringify(item)) + 1) >= 0);
};
