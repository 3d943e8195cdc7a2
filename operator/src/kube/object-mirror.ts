import type { Logger } from '@nodetask/shared';
import { IndexedCache } from './indexed-cache.ts';
import type { KubeMetrics } from './kube-metrics.ts';
import { type KubeObject, objectKey } from './kube-object.ts';
import type { ChangeHandler, Indexer, ObjectCache } from './object-cache.ts';
import { stripObject } from './strip-object.ts';

export interface ObjectMirrorOptions<T extends KubeObject> {
  /** The label `resource` of metrics. */
  readonly resource: string;
  readonly transform?: (object: T) => T;
  readonly indexers?: Readonly<Record<string, Indexer<T>>>;
  readonly logger: Logger;
  readonly metrics: KubeMetrics;
}

/** A cache that tells handlers what changed in it. A handler that throws is counted and harms nobody else. */
export class ObjectMirror<T extends KubeObject> {
  readonly #options: ObjectMirrorOptions<T>;
  readonly #cache: IndexedCache<T>;
  readonly #handlers: ChangeHandler<T>[] = [];

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
    const object = this.#transform(key, raw);
    this.#cache.set(object);
    this.#sizeChanged();
    this.#notify(key, before, object);
    return true;
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
    this.#sizeChanged();
    this.#notify(key, before, undefined);
  }

  #sizeChanged(): void {
    this.#options.metrics.cacheSize(this.#options.resource, this.#cache.size);
  }

  #transform(key: string, raw: T): T {
    const { transform = stripObject } = this.#options;
    try {
      return transform(raw);
    } catch (error) {
      this.#failed(key, error);
      return raw;
    }
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
