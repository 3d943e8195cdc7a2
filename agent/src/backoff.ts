/** Growing pauses with jitter: half to whole of `firstMs` × 2^failures, at most `mostMs`. */
export const backoffMs = (
  failures: number,
  { firstMs, mostMs }: { readonly firstMs: number; readonly mostMs: number },
  random: () => number,
): number => Math.min(mostMs, firstMs * 2 ** Math.min(failures, 30)) * (0.5 + random() / 2);
