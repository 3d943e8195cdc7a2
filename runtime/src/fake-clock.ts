import type { Clock } from '@nodetask/shared';

interface Timer {
  readonly due: number;
  readonly callback: () => void;
}

/** A clock that stands still until a test moves it. Timers fire in the order in which they are due. */
export class FakeClock implements Clock {
  readonly #timers = new Map<number, Timer>();
  #monotonic = 0;
  #wall: number;
  #nextID = 0;

  constructor(start: Date | string | number = '2026-01-01T00:00:00Z') {
    this.#wall = new Date(start).getTime();
  }

  now(): number {
    return this.#wall;
  }

  monotonic(): number {
    return this.#monotonic;
  }

  setTimer(delayMs: number, callback: () => void): () => void {
    const id = this.#nextID++;
    this.#timers.set(id, { due: this.#monotonic + Math.max(0, delayMs), callback });
    return () => this.#timers.delete(id);
  }

  /** Number of timers that wait. */
  get pendingTimers(): number {
    return this.#timers.size;
  }

  /** Moves the time on and fires what becomes due; before the first timer and after each, promises get a turn. */
  async advance(ms: number): Promise<void> {
    await settle();
    const end = this.#monotonic + ms;
    for (let next = this.#next(end); next !== undefined; next = this.#next(end)) {
      const [id, timer] = next;
      this.#timers.delete(id);
      this.#move(timer.due);
      timer.callback();
      await settle();
    }
    this.#move(end);
    await settle();
  }

  /** Makes the wall clock jump, as an administrator or NTP would; the monotonic one goes on. */
  jump(ms: number): void {
    this.#wall += ms;
  }

  #move(monotonic: number): void {
    this.#wall += monotonic - this.#monotonic;
    this.#monotonic = monotonic;
  }

  #next(end: number): [number, Timer] | undefined {
    let first: [number, Timer] | undefined;
    for (const [id, timer] of this.#timers) {
      if (timer.due <= end && (first === undefined || timer.due < first[1].due)) first = [id, timer];
    }
    return first;
  }
}

/** Lets pending promise callbacks and setImmediate callbacks run. */
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
