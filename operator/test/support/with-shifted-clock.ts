/** The environment of a program whose wall clock is wrong by `shiftMs`, and jumps by `jumpMs` at each SIGUSR2. */
export const withShiftedClock = (shiftMs: number, jumpMs = 0): { NODE_OPTIONS: string } => {
  const url = new URL('shifted-clock.ts', import.meta.url);
  url.searchParams.set('shift', String(shiftMs));
  url.searchParams.set('jump', String(jumpMs));
  return { NODE_OPTIONS: `--import=${url.href}` };
};
