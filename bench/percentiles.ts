/** The value below which `share` (0 to 1) of the sorted values lie. */
export const percentile = (sorted: readonly number[], share: number): number =>
  sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN;

/** p50, p90, p99 and the maximum of milliseconds, as a line of text. */
export const distribution = (milliseconds: readonly number[]): string => {
  const sorted = milliseconds.toSorted((a, b) => a - b);
  const show = (share: number): string => percentile(sorted, share).toFixed(1);
  return `p50 ${show(0.5)} ms, p90 ${show(0.9)} ms, p99 ${show(0.99)} ms, max ${show(1)} ms`;
};
