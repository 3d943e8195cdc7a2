import type { Clock, Progress } from '@nodetask/shared';
import { type OutsideWait, OutsideWaits } from '../outside-waits.ts';
import type { Doing } from './time-out.ts';

/** Of a run that tells of no progress, a wait for something outside is shown after so long, and how long it has lasted at such intervals. */
const waitShownMs = 5_000;

/** The doing of a run: the progress that its handler tells, and the waits that are under way. */
export class Activity {
  readonly #clock: Clock;
  readonly #onLongWait: (wait: OutsideWait) => void;
  readonly #waits: OutsideWaits;
  #told: { readonly progress: Progress; readonly at: number } | undefined;
  #cancelTimer: (() => void) | undefined;
  #over = false;

  /** @param onLongWait called again and again while a wait lasts of which the handler tells nothing. */
  constructor(clock: Clock, onLongWait: (wait: OutsideWait) => void) {
    this.#clock = clock;
    this.#onLongWait = onLongWait;
    this.#waits = new OutsideWaits(clock, () => {
      this.#watch();
    });
  }

  async during<T>(work: () => Promise<T>): Promise<T> {
    return this.#waits.during(work);
  }

  told(progress: Progress): void {
    this.#told = { progress, at: this.#clock.monotonic() };
  }

  get now(): Doing {
    const { progress, at = 0 } = this.#told ?? {};
    const secondsSince = Math.round((this.#clock.monotonic() - at) / 1000);
    return { wait: this.#waits.oldest(), progress, secondsSince };
  }

  /** The run is over: what it leaves behind is told no more. */
  end(): void {
    this.#over = true;
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
  }

  #watch(): void {
    if (this.#over || this.#told !== undefined || this.#cancelTimer !== undefined) return;
    this.#cancelTimer = this.#clock.setTimer(waitShownMs, () => {
      this.#cancelTimer = undefined;
      const wait = this.#waits.oldest();
      if (wait === undefined || this.#told !== undefined) return;
      if (wait.seconds * 1000 >= waitShownMs) this.#onLongWait(wait);
      this.#watch();
    });
  }
}
