import type { KubeObject } from './kube-object.ts';

/** What a reflector knows of the cluster. Read only; objects are shared, never change them. */
export interface ObjectCache<T extends KubeObject> {
  /** @param key `namespace/name`, see objectKey. */
  get(key: string): T | undefined;
  /** All objects, in no order. */
  list(): readonly T[];
  /** Objects for which the indexer `index` gave `value`. Throws for an unknown index. */
  byIndex(index: string, value: string): readonly T[];
  readonly size: number;
}

/** Values under which an object is found by byIndex. */
export type Indexer<T> = (object: T) => readonly string[];

/** A change of the cache: `before` is absent for an added object, `after` for a deleted one; both the same object in a resync. */
export type ChangeHandler<T> = (key: string, before: T | undefined, after: T | undefined) => void;
