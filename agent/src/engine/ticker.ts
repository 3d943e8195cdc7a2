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

  /** Arms the timer anew; none where no schedule waits for a time. */
  arm(records: readonly TaskRecord[]): void {
    this.stop();
    const now = this.#clock.now();
    const pauses = records.flatMap((record) => pauseOf(record, now));
    if (pauses.length > 0) this.#cancelTimer = this.#clock.setTimer(Math.min(...pauses), this.#onTick);
  }

  stop(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
  }
}

/** Milliseconds until a schedule may start, or its starting deadline passes. */
const pauseOf = (record: TaskRecord, now: number): number[] => {
  if (!waits(record) || record.result.nextRunAt === undefined) return [];
  const dueIn = Date.parse(record.result.nextRunAt) - now;
  if (dueIn > 0) return [Math.min(dueIn, maxPauseMs)];
  // Due and held up: it is tried again when a lock is given back.
  const { startingDeadlineSeconds } = scheduleOf(record);
  const left = startingDeadlineSeconds === undefined ? maxPauseMs : dueIn + startingDeadlineSeconds * 1000 + 1;
  return [left > 0 ? Math.min(left, maxPauseMs) : maxPauseMs];
};
