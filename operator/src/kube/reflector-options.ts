import type { Clock, Logger } from '@nodetask/shared';
import type { AbsentType } from './absent-type.ts';
import type { CacheBudget } from './cache-budget.ts';
import type { KubeMetrics } from './kube-metrics.ts';
import type { KubeObject } from './kube-object.ts';
import type { KubeTransport } from './kube-transport.ts';
import type { Indexer } from './object-cache.ts';
import type { ResourceType } from './resource-type.ts';

export interface ReflectorOptions<T extends KubeObject> {
  readonly transport: KubeTransport;
  readonly type: ResourceType;
  /** Default: all namespaces. */
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  /**
   * Reads an object, and makes it smaller, before it is cached; must keep name, namespace, uid and resourceVersion. An object for which it throws is left
   * out. Default stripObject.
   */
  readonly transform?: (object: T) => T;
  readonly indexers?: Readonly<Record<string, Indexer<T>>>;
  /** For a type that may not be installed: told where the API server does not have it. */
  readonly absent?: AbsentType;
  /** Of the memory of this cache, shared with others. Default: no bound. */
  readonly budget?: CacheBudget;
  readonly clock: Clock;
  readonly random: () => number;
  readonly logger: Logger;
  readonly metrics: KubeMetrics;
  readonly timings?: Partial<ReflectorTimings>;
}

/** Milliseconds but for pageSize. */
export interface ReflectorTimings {
  /** Objects of one page of a list. */
  readonly pageSize: number;
  /** A watch that brings no byte for so long is dead. Bookmarks come every 60 s, the server keeps events for 75 s. */
  readonly inactivityMs: number;
  /** Asked of the server, times 1…2 at random, so that watches do not all end together. */
  readonly watchTimeoutMs: number;
  /** A watch that ended well after at least so long is opened again at once, a shorter one after the backoff. */
  readonly healthyWatchMs: number;
  readonly backoffInitialMs: number;
  /** With its jitter less than 10 s: no longer after an outage may what people see be old. */
  readonly backoffMaxMs: number;
  /** Handlers see every cached object again each resyncMs ± 10 %. */
  readonly resyncMs: number;
  /** The cache is compared with a true list after relistMs × 1…2. */
  readonly relistMs: number;
}

export const defaultReflectorTimings: ReflectorTimings = {
  pageSize: 250,
  inactivityMs: 70_000,
  watchTimeoutMs: 300_000,
  healthyWatchMs: 30_000,
  backoffInitialMs: 800,
  backoffMaxMs: 5_000,
  resyncMs: 600_000,
  relistMs: 1_800_000,
};
