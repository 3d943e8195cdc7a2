import { type KubeObject, objectKey } from './kube-object.ts';
import type { Indexer, ObjectCache } from './object-cache.ts';

/** Objects by key, and by what indexers say about them. */
export class IndexedCache<T extends KubeObject> implements ObjectCache<T> {
  readonly #objects = new Map<string, T>();
  readonly #indexes: ReadonlyMap<string, Index<T>>;
  /** The answers of the indexers for each object, by key and index: an object is taken out of the places that it was put in. */
  readonly #values = new Map<string, ReadonlyMap<string, readonly string[]>>();

  constructor(indexers: Readonly<Record<string, Indexer<T>>> = {}) {
    this.#indexes = new Map(
      Object.entries(indexers).map(([name, valuesOf]) => [name, { valuesOf, keys: new Map<string, Set<string>>() }]),
    );
  }

  get size(): number {
    return this.#objects.size;
  }

  get(key: string): T | undefined {
    return this.#objects.get(key);
  }

  list(): readonly T[] {
    return [...this.#objects.values()];
  }

  keys(): readonly string[] {
    return [...this.#objects.keys()];
  }

  byIndex(index: string, value: string): readonly T[] {
    const { keys } = this.#index(index);
    return [...(keys.get(value) ?? [])].flatMap((key) => this.#objects.get(key) ?? []);
  }

  /** Puts `object` in the place of what has its key. Where an indexer throws, nothing has changed. */
  set(object: T): void {
    const key = objectKey(object.metadata);
    const values = new Map([...this.#indexes].map(([name, { valuesOf }]) => [name, valuesOf(object)]));
    this.delete(key);
    this.#objects.set(key, object);
    this.#values.set(key, values);
    for (const [name, { keys }] of this.#indexes) {
      for (const value of values.get(name) ?? []) {
        const found = keys.get(value);
        if (found === undefined) keys.set(value, new Set([key]));
        else found.add(key);
      }
    }
  }

  delete(key: string): void {
    if (!this.#objects.delete(key)) return;
    const values = this.#values.get(key);
    this.#values.delete(key);
    for (const [name, { keys }] of this.#indexes) {
      for (const value of values?.get(name) ?? []) {
        const found = keys.get(value);
        found?.delete(key);
        if (found?.size === 0) keys.delete(value);
      }
    }
  }

  #index(name: string): Index<T> {
    const index = this.#indexes.get(name);
    if (index === undefined) {
      throw new Error(`no index ${JSON.stringify(name)}; there are: ${[...this.#indexes.keys()].join(', ')}`);
    }
    return index;
  }
}

interface Index<T> {
  readonly valuesOf: Indexer<T>;
  /** Keys of objects by the values that the indexer gave for them. */
  readonly keys: Map<string, Set<string>>;
}
