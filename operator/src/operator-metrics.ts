import { type CutReason, cutReasons } from '@nodetask/runtime/connections';
import { type NodeTask, taskTypes, terminalPhases } from '@nodetask/shared';
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import { type Write, writes as writableParts } from './controller/refused-write.ts';
import { isTerminal } from './controller/run-context.ts';
import { version } from './version.ts';

/** The listeners of the operator: the HTTPS server, and the one of probes. */
export type Listener = 'https' | 'probes';

/** What the operator measures beyond its Kubernetes client. */
export interface OperatorMetrics {
  /** nodetask_operator_agent_requests_total, …_duration_seconds. `outcome` is the HTTP status, a code of the error registry, or `error`. */
  agentCalled(method: string, outcome: string, seconds: number): void;
  /** nodetask_operator_enrollments_total */
  enrollmentAnswered(status: number): void;
  /** nodetask_operator_connections_cut_total */
  connectionCut(listener: Listener, reason: CutReason): void;
  /** nodetask_operator_status_writes_total, and nodetask_operator_finished_total where it ends a NodeTask. */
  statusWritten(nodeTask: NodeTask, phase: string | undefined): void;
  /** nodetask_operator_refused_writes_total */
  writeRefused(write: Write): void;
  /** nodetask_operator_dispatch_duration_seconds */
  dispatched(seconds: number): void;
  /** nodetask_operator_finish_duration_seconds */
  finished(type: string, seconds: number): void;
}

const callSeconds = [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const dispatchSeconds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];
/** Tasks take from milliseconds (a patch) to hours (a restore). */
const finishSeconds = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800, 7200, 28_800];

export const createOperatorMetrics = (registry: Registry): OperatorMetrics => {
  const registers = [registry];
  const requests = new Counter({
    name: 'nodetask_operator_agent_requests_total',
    help: 'Calls to agents',
    labelNames: ['method', 'outcome'] as const,
    registers,
  });
  const duration = new Histogram({
    name: 'nodetask_operator_agent_request_duration_seconds',
    help: 'Time of calls to agents',
    labelNames: ['method'] as const,
    buckets: callSeconds,
    registers,
  });
  const writes = new Counter({
    name: 'nodetask_operator_status_writes_total',
    help: 'Writes of the status of NodeTasks',
    registers,
  });
  const refusedWrites = new Counter({
    name: 'nodetask_operator_refused_writes_total',
    help: 'Writes to NodeTasks that the API server refused, by what was written (status, rows, finalizer, finalizer_removal, deletion)',
    labelNames: ['write'] as const,
    registers,
  });
  for (const write of writableParts) refusedWrites.inc({ write }, 0);
  const finished = new Counter({
    name: 'nodetask_operator_finished_total',
    help: 'NodeTasks that ended',
    labelNames: ['type', 'phase'] as const,
    registers,
  });
  const enrollments = new Counter({
    name: 'nodetask_operator_enrollments_total',
    help: 'Requests of agents for their certificates, by the HTTP status of the answer',
    labelNames: ['code'] as const,
    registers,
  });
  const cut = new Counter({
    name: 'nodetask_operator_connections_cut_total',
    help: 'Connections that the operator cut, by listener (https, probes) and reason (address, crowded, full, handshake)',
    labelNames: ['listener', 'reason'] as const,
    registers,
  });
  for (const listener of ['https', 'probes']) for (const reason of cutReasons) cut.inc({ listener, reason }, 0);
  // From 0: the first failure is to be seen as an increase.
  for (const type of taskTypes) for (const phase of terminalPhases) finished.inc({ type, phase }, 0);
  const dispatches = new Histogram({
    name: 'nodetask_operator_dispatch_duration_seconds',
    help: 'Time from when a task became due to be handed to an agent until the agent had taken it',
    buckets: dispatchSeconds,
    registers,
  });
  const finishes = new Histogram({
    name: 'nodetask_operator_finish_duration_seconds',
    help: 'Time from when a NodeTask that runs once was applied, or its runID changed, until it ended, by task type',
    labelNames: ['type'] as const,
    buckets: finishSeconds,
    registers,
  });
  new Gauge({
    name: 'nodetask_operator_build_info',
    help: '1, with the version of the operator',
    labelNames: ['version'] as const,
    registers,
  }).set({ version }, 1);
  return {
    agentCalled: (method, outcome, seconds) => {
      requests.inc({ method, outcome });
      duration.observe({ method }, seconds);
    },
    enrollmentAnswered: (status) => {
      enrollments.inc({ code: status });
    },
    connectionCut: (listener, reason) => {
      cut.inc({ listener, reason });
    },
    statusWritten: ({ spec }, phase) => {
      writes.inc();
      if (phase !== undefined && isTerminal(phase)) finished.inc({ type: spec.type, phase });
    },
    writeRefused: (write) => {
      refusedWrites.inc({ write });
    },
    dispatched: (seconds) => {
      dispatches.observe(seconds);
    },
    finished: (type, seconds) => {
      finishes.observe({ type }, seconds);
    },
  };
};
