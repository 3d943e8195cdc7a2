import type { BlockHeights } from '../../../src/engine/block-heights.ts';

/** A chain that the test moves. */
export class TestChain implements BlockHeights {
  readonly #watchers = new Set<(height: number) => void>();

  watch(onHeight: (height: number) => void, signal: AbortSignal): Promise<void> {
    this.#watchers.add(onHeight);
    return new Promise((resolve) => {
      signal.addEventListener('abort', () => {
        this.#watchers.delete(onHeight);
        resolve();
      });
    });
  }

  get watched(): boolean {
    return this.#watchers.size > 0;
  }

  reach(height: number): void {
    for (const onHeight of this.#watchers) onHeight(height);
  }
}
