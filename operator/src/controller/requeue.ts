/** Asks to look again at `wakeAt`; never where that is undefined. */
export const requeueAt = (wakeAt: number | undefined, now: number): { readonly requeueAfterMs?: number } =>
  wakeAt === undefined || wakeAt === Number.POSITIVE_INFINITY ? {} : { requeueAfterMs: Math.max(0, wakeAt - now) };
