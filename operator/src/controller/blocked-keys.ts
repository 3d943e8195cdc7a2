/**
 * NodeTasks that wait for the agent to end another NodeTask's work, in the order in which they came. A shortcut past the pause
 * between two tries; the fair queue of an agent will take its place.
 */
export class BlockedKeys {
  readonly #waiting = new Map<string, Set<string>>();

  /** `key` waits for `blocker`, and for nothing else any more. False where it did so already. */
  wait(key: string, blocker: string): boolean {
    if (this.#waiting.get(blocker)?.has(key) === true) return false;
    this.forget(key);
    const keys = this.#waiting.get(blocker) ?? new Set();
    keys.add(key);
    this.#waiting.set(blocker, keys);
    return true;
  }

  /** `blocker` has ended: the first that waited for it is next, and the others wait for that one. */
  next(blocker: string): string | undefined {
    const keys = this.#waiting.get(blocker);
    if (keys === undefined) return undefined;
    this.#waiting.delete(blocker);
    const [first, ...others] = keys;
    if (first === undefined) return undefined;
    const behind = this.#waiting.get(first) ?? new Set();
    for (const key of others) behind.add(key);
    if (behind.size > 0) this.#waiting.set(first, behind);
    return first;
  }

  forget(key: string): void {
    for (const [blocker, keys] of this.#waiting) {
      if (keys.delete(key) && keys.size === 0) this.#waiting.delete(blocker);
    }
  }

  isAwaited(blocker: string): boolean {
    return this.#waiting.has(blocker);
  }
}
