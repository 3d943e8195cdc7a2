import type { Clock } from '@nodetask/shared';
import { scheduleOf, waits } from './schedule-state.ts';
import type { TaskRecord } from './store.ts';

/** However far away the next firing is, the wall clock is looked at so often: it may jump. */
const maxPauseMs = 30_000;

/** One timer for all schedules, armed for the earliest that has something to do. */
export class Ticker {
  readonly #clock: Clock;
  readonly #onTick: () => void;
  #cancelTimer: (() => void) | undefined;

  constructor(clock: Clock, onTick: () => void) {
    this.#clock = clock;
    this.#onTick = onTick;
  }

  /** Arms the timer anew; none where no schedule waits for a time. `evaluated`: the time for which they have just been evaluated. */
  arm(records: readonly TaskRecord[], evaluated: number): void {
    this.stop();
    const now = this.#clock.now();
    const pauses = records.flatMap((record) => pauseOf(record, now, evaluated));
    if (pauses.length > 0) this.#cancelTimer = this.#clock.setTimer(Math.min(...pauses), this.#onTick);
  }

  stop(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
  }
}

/** Milliseconds until a schedule may start, or its starting deadline passes. */
const pauseOf = (record: TaskRecord, now: number, evaluated: number): number[] => {
  if (!waits(record) || record.result.nextRunAt === undefined) return [];
  const due = Date.parse(record.result.nextRunAt);
  const dueIn = due - now;
  // Not asked of `now`: a time that has come since the evaluation is late, not held up.
  if (due > evaluated) return [Math.min(Math.max(0, dueIn), maxPauseMs)];
  // Due and held up: it is tried again when a lock is given back.
  const { startingDeadlineSeconds } = scheduleOf(record);
  const left = startingDeadlineSeconds === undefined ? maxPauseMs : dueIn + startingDeadlineSeconds * 1000 + 1;
  return [left > 0 ? Math.min(left, maxPauseMs) : maxPauseMs];
};
