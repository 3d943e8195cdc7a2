import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { KubeMetrics, QueueLoad } from './kube-metrics.ts';

const requestSeconds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
const queueSeconds = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60, 600];

/** The metrics of this folder on a registry of the caller's; names as in client-go, so that its dashboards fit. */
export const createKubeMetrics = (registry: Registry): KubeMetrics => {
  const registers = [registry];
  const counter = <L extends string>(name: string, help: string, ...labelNames: L[]): Counter<L> =>
    new Counter({ name, help, labelNames, registers });
  const gauge = <L extends string>(name: string, help: string, ...labelNames: L[]): Gauge<L> =>
    new Gauge({ name, help, labelNames, registers });
  const histogram = <L extends string>(
    name: string,
    help: string,
    buckets: number[],
    ...labelNames: L[]
  ): Histogram<L> => new Histogram({ name, help, labelNames, buckets, registers });

  const requests = counter('rest_client_requests_total', 'Calls to the API server, retries included', 'code', 'verb');
  const requestDuration = histogram(
    'rest_client_request_duration_seconds',
    'Time until the headers of an answer of the API server',
    requestSeconds,
    'verb',
  );
  const reconnects = counter(
    'watch_reconnects_total',
    'Watches that ended and were opened again',
    'resource',
    'reason',
  );
  const relists = counter('relist_total', 'Complete lists of a resource', 'resource', 'reason');
  const missed = counter(
    'relist_missed_events_total',
    'Changes that a watch had not delivered; above 0 is a fault',
    'resource',
  );
  const cached = gauge('cache_objects', 'Objects in the cache', 'resource');
  const handlerErrors = counter(
    'reflector_handler_errors_total',
    'Handlers of changes that threw, and objects that were left out because they cannot be read or there is no room',
    'resource',
  );
  const depth = gauge('workqueue_depth', 'Keys that wait for a worker', 'name');
  const adds = counter('workqueue_adds_total', 'Keys added to the queue', 'name');
  const retries = counter('workqueue_retries_total', 'Keys added again after a failure', 'name');
  const waited = histogram('workqueue_queue_duration_seconds', 'Time a key waits for a worker', queueSeconds, 'name');
  const worked = histogram('workqueue_work_duration_seconds', 'Time the work on a key takes', queueSeconds, 'name');
  const reconciles = counter('reconcile_total', 'Reconciles by outcome', 'name', 'outcome');
  const leader = gauge('leader_election_master_status', 'Whether this process leads (1) or not (0)');
  const dropped = counter('events_dropped_total', 'Events that were not written', 'reason');

  const loads = new Map<string, () => QueueLoad>();
  const loadGauge = (name: string, help: string, of: (load: QueueLoad) => number): Gauge<'name'> =>
    new Gauge({
      name,
      help,
      labelNames: ['name'],
      registers,
      collect() {
        this.reset();
        for (const [queue, load] of loads) this.set({ name: queue }, of(load()));
      },
    });
  loadGauge(
    'workqueue_unfinished_work_seconds',
    'Time that the keys in work have taken so far',
    (load) => load.unfinishedSeconds,
  );
  loadGauge(
    'workqueue_longest_running_processor_seconds',
    'Time of the longest work in progress',
    (load) => load.longestSeconds,
  );

  return {
    requestDone: (verb, code, seconds) => {
      requests.inc({ code, verb });
      requestDuration.observe({ verb }, seconds);
    },
    watchReconnected: (resource, reason) => {
      reconnects.inc({ resource, reason });
    },
    relisted: (resource, reason) => {
      relists.inc({ resource, reason });
    },
    relistMissed: (resource, count) => {
      missed.inc({ resource }, count);
    },
    cacheSize: (resource, count) => {
      cached.set({ resource }, count);
    },
    handlerFailed: (resource) => {
      handlerErrors.inc({ resource });
    },
    queueDepth: (name, keys) => {
      depth.set({ name }, keys);
    },
    queueAdded: (name) => {
      adds.inc({ name });
    },
    queueRetried: (name) => {
      retries.inc({ name });
    },
    queueWaited: (name, seconds) => {
      waited.observe({ name }, seconds);
    },
    queueWorked: (name, seconds) => {
      worked.observe({ name }, seconds);
    },
    queueLoad: (queue, load) => {
      loads.set(queue, load);
      return () => {
        loads.delete(queue);
      };
    },
    reconciled: (name, outcome) => {
      reconciles.inc({ name, outcome });
    },
    leading: (leading) => {
      leader.set(leading ? 1 : 0);
    },
    eventDropped: (reason) => {
      dropped.inc({ reason });
    },
  };
};
