import { highestFenceAt, type Logger, maxFence, momentText, TaskError } from '@nodetask/shared';
import type { Store } from './store.ts';

const fenceKey = 'fence';

/** Refuses former leaders: remembers the highest fence that it has seen, durably. */
export class Fence {
  readonly #store: Store;
  readonly #logger: Logger;
  #seen: number;
  #told = false;

  constructor(store: Store, logger: Logger) {
    this.#store = store;
    this.#logger = logger;
    const stored = store.getValue(fenceKey);
    // A value that is no number counts as a fence that cannot be right.
    this.#seen = stored === undefined ? 0 : isFence(Number(stored)) ? Number(stored) : Infinity;
  }

  /**
   * @param now milliseconds since the epoch
   * @throws TaskError `fenced`, `fence-ahead`, `invalid-request`, `store-unavailable`
   */
  check(fence: number, now: number): void {
    if (!isFence(fence)) {
      throw new TaskError(
        'invalid-request',
        `the fence is ${fence}; send leaseTransitions of the Lease, a whole number from 0 to ${maxFence}`,
      );
    }
    const highest = highestFenceAt(now);
    if (fence > highest) {
      throw new TaskError(
        'fence-ahead',
        `the fence is ${fence}, but at ${momentText(now)}, the time of this agent, none above ${highest} can be right; set the clocks of operator and agent right, or delete the Lease if its leaseTransitions is wrong`,
      );
    }
    // Judged anew each time: a clock that was wrong for a while must not let a former leader in for ever.
    const seen = this.#seen > highest ? this.#disregarded(highest) : this.#seen;
    if (fence < seen) {
      throw new TaskError('fenced', `the fence is ${fence}, but ${seen} has been seen; a newer leader is at work`, {
        details: { fence: seen },
      });
    }
    if (fence === this.#seen) return;
    this.#store.setValue(fenceKey, String(fence));
    this.#seen = fence;
  }

  #disregarded(highest: number): number {
    if (!this.#told) {
      this.#logger.error('the fence in the journal cannot be right and does not count; the next one replaces it', {
        fence: this.#seen,
        highest,
      });
    }
    this.#told = true;
    return 0;
  }
}

const isFence = (value: number): boolean => Number.isInteger(value) && value >= 0 && value <= maxFence;
