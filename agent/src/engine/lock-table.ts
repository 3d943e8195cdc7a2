import type { TaskRef, TaskType } from '@nodetask/shared';
import { BusyError } from './busy-error.ts';
import type { LockName } from './task-handler.ts';

/** Who holds a lock: one run of a task, told apart from other runs of the same task by object identity. */
export interface LockHolder {
  readonly id: string;
  readonly type: TaskType;
  readonly ref?: TaskRef;
}

/** The lock that every one-shot holds: they run one at a time. No handler can name it. */
export const oneShotLock: LockName = '\u0000one-shot';

/** Named locks of one engine. Nobody waits for one: it is free, or its holder is named. */
export class LockTable {
  readonly #held = new Map<LockName, { readonly holder: LockHolder; count: number }>();
  readonly #onRelease: () => void;

  /** @param onRelease Called after locks have been given back: what they kept from starting may start now. */
  constructor(onRelease: () => void = () => undefined) {
    this.#onRelease = onRelease;
  }

  /** Who else holds one of the locks. */
  blocker(locks: readonly LockName[], holder?: LockHolder): LockHolder | undefined {
    for (const lock of locks) {
      const held = this.#held.get(lock);
      if (held !== undefined && held.holder !== holder) return held.holder;
    }
    return undefined;
  }

  /**
   * Takes all the locks or none. A holder may take a lock again that it has.
   * @returns A function that gives back what this call took; calling it again does nothing.
   * @throws BusyError where somebody else holds one.
   */
  acquire(locks: readonly LockName[], holder: LockHolder): () => void {
    const blocker = this.blocker(locks, holder);
    if (blocker !== undefined) throw new BusyError(blocker);
    const taken = new Set(locks);
    for (const lock of taken) {
      const held = this.#held.get(lock);
      if (held === undefined) this.#held.set(lock, { holder, count: 1 });
      else held.count += 1;
    }
    let released = false;
    return () => {
      if (released) return;
      released = true;
      for (const lock of taken) this.#giveBack(lock);
      this.#onRelease();
    };
  }

  #giveBack(lock: LockName): void {
    const held = this.#held.get(lock);
    if (held === undefined) return;
    held.count -= 1;
    if (held.count === 0) this.#held.delete(lock);
  }
}
