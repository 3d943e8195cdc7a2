import type { Clock } from '@nodetask/shared';
import type { KubeObject } from './kube-object.ts';

export interface ReadYourWritesOptions {
  readonly clock: Clock;
  /** The resource version that the cache holds for a key. */
  readonly current: (key: string) => string | undefined;
  /** How long a key rests at most. Default 5 s. */
  readonly timeoutMs?: number;
}

/**
 * Keeps a reconcile from deciding on what its own last write has made old: after a write a key rests until the cache has delivered
 * exactly the version that the write returned, or until `timeoutMs` have passed. Versions are compared for equality only.
 */
export class ReadYourWrites {
  readonly #options: Required<ReadYourWritesOptions>;
  /** Versions that the cache delivered while a write of the key was on its way: the event may overtake the answer. */
  readonly #seenDuringWrite = new Map<string, Set<string>>();
  readonly #awaited = new Map<string, { readonly resourceVersion: string; readonly until: number }>();

  constructor(options: ReadYourWritesOptions) {
    this.#options = { timeoutMs: 5000, ...options };
  }

  /** Makes one write of the object `key`. One at a time for each key, as the work queue guarantees. */
  async track<T extends KubeObject>(key: string, write: () => Promise<T>): Promise<T> {
    const seen = new Set<string>();
    const current = this.#options.current(key);
    if (current !== undefined) seen.add(current);
    this.#seenDuringWrite.set(key, seen);
    try {
      const written = await write();
      const { resourceVersion } = written.metadata;
      if (seen.has(resourceVersion)) this.#awaited.delete(key);
      else
        this.#awaited.set(key, { resourceVersion, until: this.#options.clock.monotonic() + this.#options.timeoutMs });
      return written;
    } finally {
      this.#seenDuringWrite.delete(key);
    }
  }

  /** The cache has delivered this version of the object; undefined: the object is gone. */
  observe(key: string, resourceVersion: string | undefined): void {
    if (resourceVersion !== undefined) this.#seenDuringWrite.get(key)?.add(resourceVersion);
    const awaited = this.#awaited.get(key);
    if (awaited === undefined) return;
    if (resourceVersion === undefined || resourceVersion === awaited.resourceVersion) this.#awaited.delete(key);
  }

  /** Milliseconds for which the key must rest, unless the version comes first; 0 for none. */
  holdMs(key: string): number {
    const awaited = this.#awaited.get(key);
    if (awaited === undefined) return 0;
    const left = awaited.until - this.#options.clock.monotonic();
    if (left > 0) return left;
    this.#awaited.delete(key);
    return 0;
  }
}
