// Preloaded into a program (node --import): its wall clock is wrong by `shift` milliseconds, and jumps by `jump` at each SIGUSR2. Both are in
// the query of this file's URL. Time that passes, for timers and the monotonic clock, is what it is.
const { searchParams } = new URL(import.meta.url);
let shift = Number(searchParams.get('shift') ?? 0);
const RealDate = Date;

globalThis.Date = class extends RealDate {
  constructor(...time: readonly number[]) {
    if (time.length === 0) super(RealDate.now() + shift);
    else super(...(time as [number]));
  }

  static override now(): number {
    return RealDate.now() + shift;
  }
} as DateConstructor;

process.on('SIGUSR2', () => {
  shift += Number(searchParams.get('jump') ?? 0);
});
