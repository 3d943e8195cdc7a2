import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import { cutReasons } from '@nodetask/runtime/connections';
import { registerProcessMetrics } from '@nodetask/runtime/process-metrics';
import type { NewestOfTask } from '../tasks/newest-uploads.ts';
import { version } from '../version.ts';
import { type NodeReadings, noNode, registerNodeGauges } from './node-gauges.ts';
import { registerUploadGauges } from './upload-gauges.ts';

/** Seconds; tasks take from milliseconds (a patch) to hours (a restore). */
const taskBuckets = [0.005, 0.02, 0.1, 0.5, 2, 10, 60, 300, 1800, 7200, 28_800];
const requestBuckets = [0.001, 0.005, 0.02, 0.1, 0.5, 2, 10];

/** What the gauges read when they are scraped. */
export interface MetricSources {
  /** Tasks whose NodeTask does not show what became of them; mere progress does not count. */
  readonly reportQueueDepth: () => number;
  readonly eventStreams: () => number;
  readonly ready: () => boolean;
  /** Of the schedules and daemons that upload; absent: none. */
  readonly newestUploads?: () => Promise<readonly NewestOfTask[]>;
  /** Absent: nothing is known of a node. */
  readonly node?: NodeReadings;
  /** When the certificate that the agent shows ends, in seconds since the epoch, 0 without one of a CA; absent: it serves plain HTTP. */
  readonly certificateEnd?: () => number;
}

/** The metrics of the agent, in a registry of their own. Labels have few values: types, codes, route templates; never ids. */
export interface AgentMetrics {
  readonly registry: Registry;
  readonly submitted: Counter<'type'>;
  readonly taskDuration: Histogram<'type' | 'outcome'>;
  readonly failed: Counter<'type' | 'code'>;
  readonly running: Gauge<'type'>;
  readonly missed: Counter<'type'>;
  readonly scheduleLastSuccess: Gauge<'task'>;
  readonly reports: Counter<'result'>;
  readonly reportDuration: Histogram;
  readonly httpRequests: Counter<'method' | 'route' | 'code'>;
  readonly httpDuration: Histogram<'method' | 'route'>;
  readonly connectionsCut: Counter<'listener' | 'reason'>;
  readonly storeErrors: Counter;
  readonly journalDamage: Counter<'what'>;
  readonly transferred: Counter<'direction'>;
  readonly enrollments: Counter<'result'>;
}

export const createMetrics = (sources: MetricSources): AgentMetrics => {
  const registry = new Registry();
  const registers = [registry];
  registerProcessMetrics(registry);
  new Gauge({
    name: 'nodetask_agent_build_info',
    help: '1, with the version of the agent.',
    labelNames: ['version'],
    registers,
  }).set({ version }, 1);
  const gauge = (name: string, help: string, read: () => number): void => {
    const metric: Gauge = new Gauge({
      name,
      help,
      registers,
      collect: () => {
        metric.set(orNaN(read));
      },
    });
  };
  gauge(
    'nodetask_agent_report_queue_depth',
    'Tasks whose NodeTask does not show what became of them yet, mere progress aside (at most 1000 are counted).',
    sources.reportQueueDepth,
  );
  gauge('nodetask_agent_event_streams', 'Open event streams.', sources.eventStreams);
  gauge('nodetask_agent_ready', '1 once mark-ready has succeeded.', () => (sources.ready() ? 1 : 0));
  registerUploadGauges(registry, sources.newestUploads ?? (() => Promise.resolve([])));
  registerNodeGauges(registry, sources.node ?? noNode);
  const transferred = new Counter({
    name: 'nodetask_agent_transfer_bytes_total',
    help: 'Bytes of objects that were sent to an object store or received from one, by direction (upload, download).',
    labelNames: ['direction'],
    registers,
  });
  // From 0: the first transfer is to be seen as a rate.
  for (const direction of ['upload', 'download']) transferred.inc({ direction }, 0);
  if (sources.certificateEnd !== undefined) {
    gauge(
      'nodetask_agent_certificate_expiry_timestamp_seconds',
      'When the certificate that the agent shows ends; 0 while it has none from a CA.',
      sources.certificateEnd,
    );
  }
  const journalDamage = new Counter({
    name: 'nodetask_agent_journal_damage_total',
    help: 'Damage to the journal that was found: a record that was set aside (record); a journal that was set aside, replaced or taken away, or that lacks its newest part (journal).',
    labelNames: ['what'],
    registers,
  });
  // From 0: the first damage is to be seen as a rise.
  for (const what of ['record', 'journal']) journalDamage.inc({ what }, 0);
  const connectionsCut = new Counter({
    name: 'nodetask_agent_connections_cut_total',
    help: 'Connections that the agent cut, by listener (api, probes) and reason (address, crowded, full, handshake).',
    labelNames: ['listener', 'reason'],
    registers,
  });
  // From 0: the first one is to be seen as an increase.
  for (const listener of ['api', 'probes'])
    for (const reason of cutReasons) connectionsCut.inc({ listener, reason }, 0);
  return {
    registry,
    journalDamage,
    transferred,
    connectionsCut,
    submitted: new Counter({
      name: 'nodetask_agent_tasks_submitted_total',
      help: 'Tasks accepted, by task type; repeated requests for the same task count once.',
      labelNames: ['type'],
      registers,
    }),
    taskDuration: new Histogram({
      name: 'nodetask_agent_task_duration_seconds',
      help: 'How long runs took, by task type and outcome (changed, unchanged, skipped, failed, cancelled).',
      labelNames: ['type', 'outcome'],
      buckets: taskBuckets,
      registers,
    }),
    failed: new Counter({
      name: 'nodetask_agent_tasks_failed_total',
      help: 'Runs that failed, by task type and error code.',
      labelNames: ['type', 'code'],
      registers,
    }),
    running: new Gauge({
      name: 'nodetask_agent_tasks_running',
      help: 'Runs that are active.',
      labelNames: ['type'],
      registers,
    }),
    missed: new Counter({
      name: 'nodetask_agent_schedule_runs_missed_total',
      help: 'Firings of schedules that did not happen, by task type.',
      labelNames: ['type'],
      registers,
    }),
    scheduleLastSuccess: new Gauge({
      name: 'nodetask_agent_schedule_last_success_timestamp_seconds',
      help: 'When the last run of a schedule that succeeded ended, by task id; at most 200 schedules.',
      labelNames: ['task'],
      registers,
    }),
    reports: new Counter({
      name: 'nodetask_agent_reports_total',
      help: 'Attempts to write a result to a NodeTask, by what became of them (accepted, gone, refused, throttled, unauthorized, forbidden, denied, failed, unreachable).',
      labelNames: ['result'],
      registers,
    }),
    reportDuration: new Histogram({
      name: 'nodetask_agent_report_duration_seconds',
      help: 'How long the API server took to answer a report.',
      buckets: requestBuckets,
      registers,
    }),
    httpRequests: new Counter({
      name: 'nodetask_agent_http_requests_total',
      help: 'Requests to the HTTP API, by method, route template and status code.',
      labelNames: ['method', 'route', 'code'],
      registers,
    }),
    httpDuration: new Histogram({
      name: 'nodetask_agent_http_request_duration_seconds',
      help: 'How long requests took; of an event stream, how long it was open.',
      labelNames: ['method', 'route'],
      buckets: requestBuckets,
      registers,
    }),
    storeErrors: new Counter({
      name: 'nodetask_agent_store_errors_total',
      help: 'Reads and writes of the journal that failed.',
      registers,
    }),
    enrollments: new Counter({
      name: 'nodetask_agent_certificate_requests_total',
      help: 'Requests to the operator for a certificate, by what became of them (issued, refused, failed: no answer).',
      labelNames: ['result'],
      registers,
    }),
  };
};

/** A journal that cannot be read must not take the other metrics with it; nodetask_agent_store_errors_total tells of it. */
const orNaN = (read: () => number): number => {
  try {
    return read();
  } catch {
    return Number.NaN;
  }
};
