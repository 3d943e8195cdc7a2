/** A small seeded generator (mulberry32), so that a run of the chaos test can be repeated with its tasks, faults and moments. */
export const seededRandom = (seed: number): (() => number) => {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
};

/** A whole number from 0 to below `count`. */
export const below = (count: number, random: () => number): number => Math.floor(random() * count);

/** The same items in an order of chance (Fisher and Yates). */
export const shuffled = <T>(items: readonly T[], random: () => number): T[] => {
  const left = [...items];
  return items.flatMap(() => left.splice(below(left.length, random), 1));
};
