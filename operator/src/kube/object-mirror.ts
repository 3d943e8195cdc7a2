import type { Logger } from '@nodetask/shared';
import { type CacheBudget, sizeOf } from './cache-budget.ts';
import { IndexedCache } from './indexed-cache.ts';
import type { KubeMetrics } from './kube-metrics.ts';
import { type KubeObject, objectKey } from './kube-object.ts';
import { LruMap } from './lru-map.ts';
import type { ChangeHandler, Indexer, ObjectCache } from './object-cache.ts';
import { stripObject } from './strip-object.ts';

/** Objects that are left out and that the log has named: each is named once, and of a flood of them not all are remembered. */
const maxNamed = 1000;

export interface ObjectMirrorOptions<T extends KubeObject> {
  /** The label `resource` of metrics. */
  readonly resource: string;
  readonly transform?: (object: T) => T;
  readonly indexers?: Readonly<Record<string, Indexer<T>>>;
  /** Shared by caches. Default: no bound. */
  readonly budget?: CacheBudget;
  readonly logger: Logger;
  readonly metrics: KubeMetrics;
}

/**
 * A cache that tells handlers what changed in it. A handler that throws is counted and harms nobody else, and so is an object that cannot be read or that
 * there is no room for: it is left out, and the others are there.
 */
export class ObjectMirror<T extends KubeObject> {
  readonly #options: ObjectMirrorOptions<T>;
  readonly #cache: IndexedCache<T>;
  readonly #handlers: ChangeHandler<T>[] = [];
  readonly #sizes = new Map<string, number>();
  readonly #named = new LruMap<string, true>(maxNamed);

  constructor(options: ObjectMirrorOptions<T>) {
    this.#options = options;
    this.#cache = new IndexedCache(options.indexers);
  }

  get cache(): ObjectCache<T> {
    return this.#cache;
  }

  onChange(handler: ChangeHandler<T>): void {
    this.#handlers.push(handler);
  }

  /** Caches `raw`; false when it is what the cache has already. */
  put(raw: T): boolean {
    const key = objectKey(raw.metadata);
    let before = this.#cache.get(key);
    if (before !== undefined && before.metadata.uid !== raw.metadata.uid) {
      // Deleted and created again while nobody looked: two objects, and whoever follows the old one must hear of its end.
      this.#drop(key, before);
      before = undefined;
    }
    if (before?.metadata.resourceVersion === raw.metadata.resourceVersion) return false;
    const object = this.#keep(key, raw);
    if (object === undefined) {
      // The former version is no longer true.
      if (before !== undefined) this.#drop(key, before);
      return false;
    }
    this.#sizeChanged();
    this.#notify(key, before, object);
    return true;
  }

  /** The API server has sent an object without a name, or of which nothing can be read. */
  skip(why: string): void {
    this.#leaveOut('', `it cannot be read: ${why}`);
  }

  /** Forgets `object`, unless another one has its name by now. */
  remove(object: KubeObject): void {
    const key = objectKey(object.metadata);
    const before = this.#cache.get(key);
    if (before?.metadata.uid === object.metadata.uid) this.#drop(key, before);
  }

  /** Forgets what is not among `keys`; returns how many that were. */
  keepOnly(keys: ReadonlySet<string>): number {
    let dropped = 0;
    for (const object of this.#cache.list()) {
      const key = objectKey(object.metadata);
      if (keys.has(key)) continue;
      this.#drop(key, object);
      dropped += 1;
    }
    return dropped;
  }

  /** Shows the handlers every object again. */
  resync(): void {
    for (const object of this.#cache.list()) this.#notify(objectKey(object.metadata), object, object);
  }

  #drop(key: string, before: T): void {
    this.#cache.delete(key);
    this.#giveBack(key);
    this.#sizeChanged();
    this.#notify(key, before, undefined);
  }

  #giveBack(key: string): void {
    this.#options.budget?.exchange(this.#sizes.get(key) ?? 0, 0);
    this.#sizes.delete(key);
  }

  #sizeChanged(): void {
    this.#options.metrics.cacheSize(this.#options.resource, this.#cache.size);
  }

  /** Puts it into the cache; undefined when that is not possible. */
  #keep(key: string, raw: T): T | undefined {
    const { transform = stripObject, budget } = this.#options;
    const former = this.#sizes.get(key) ?? 0;
    try {
      const object = transform(raw);
      const size = sizeOf(object);
      if (budget?.exchange(former, size) === false) {
        this.#leaveOut(
          key,
          'there is no room for it: the objects of this kind take more memory than the operator has for them',
        );
        return undefined;
      }
      this.#sizes.set(key, size);
      this.#cache.set(object);
      this.#named.delete(key);
      return object;
    } catch (error) {
      this.#giveBack(key);
      this.#leaveOut(key, 'it cannot be read', error);
      return undefined;
    }
  }

  #leaveOut(key: string, why: string, error?: unknown): void {
    this.#options.metrics.handlerFailed(this.#options.resource);
    if (this.#named.get(key) === true) return;
    this.#named.set(key, true);
    this.#options.logger.error(`an object of ${this.#options.resource} is left out`, {
      key,
      why,
      ...(error === undefined ? {} : { error }),
    });
  }

  #notify(key: string, before: T | undefined, after: T | undefined): void {
    for (const handler of this.#handlers) {
      try {
        handler(key, before, after);
      } catch (error) {
        this.#failed(key, error);
      }
    }
  }

  #failed(key: string, error: unknown): void {
    this.#options.metrics.handlerFailed(this.#options.resource);
    this.#options.logger.error(`a handler of changes of ${this.#options.resource} failed`, { key, error });
  }
}
