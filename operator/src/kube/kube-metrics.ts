/** How long the work of one queue takes, as of one moment. Seconds. */
export interface QueueLoad {
  /** Sum over the keys in work. */
  readonly unfinishedSeconds: number;
  readonly longestSeconds: number;
}

/** What this folder measures; the names in metrics are client-go's where it has one. Implemented by createKubeMetrics. */
export interface KubeMetrics {
  /** rest_client_requests_total, rest_client_request_duration_seconds. `code` is the HTTP status, or `error` without an answer. */
  requestDone(verb: string, code: string, seconds: number): void;
  /** watch_reconnects_total */
  watchReconnected(resource: string, reason: string): void;
  /** relist_total */
  relisted(resource: string, reason: string): void;
  /** relist_missed_events_total: what a periodic relist found that the watch had not said. Should stay 0. */
  relistMissed(resource: string, count: number): void;
  /** cache_objects */
  cacheSize(resource: string, count: number): void;
  /** reflector_handler_errors_total */
  handlerFailed(resource: string): void;
  /** workqueue_depth */
  queueDepth(queue: string, depth: number): void;
  /** workqueue_adds_total */
  queueAdded(queue: string): void;
  /** workqueue_retries_total */
  queueRetried(queue: string): void;
  /** workqueue_queue_duration_seconds */
  queueWaited(queue: string, seconds: number): void;
  /** workqueue_work_duration_seconds */
  queueWorked(queue: string, seconds: number): void;
  /** workqueue_unfinished_work_seconds, workqueue_longest_running_processor_seconds: asked at each scrape. Returns how to stop it. */
  queueLoad(queue: string, load: () => QueueLoad): () => void;
  /** reconcile_total; `outcome` is success, requeue, conflict, error, terminal or aborted. */
  reconciled(queue: string, outcome: string): void;
  /** leader_election_master_status */
  leading(leading: boolean): void;
  /** events_dropped_total */
  eventDropped(reason: string): void;
}

const nothing = (): void => undefined;

/** Measures nothing: for tests. */
export const noKubeMetrics: KubeMetrics = {
  requestDone: nothing,
  watchReconnected: nothing,
  relisted: nothing,
  relistMissed: nothing,
  cacheSize: nothing,
  handlerFailed: nothing,
  queueDepth: nothing,
  queueAdded: nothing,
  queueRetried: nothing,
  queueWaited: nothing,
  queueWorked: nothing,
  queueLoad: () => nothing,
  reconciled: nothing,
  leading: nothing,
  eventDropped: nothing,
};
