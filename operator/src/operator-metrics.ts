import type { NodeTask } from '@nodetask/shared';
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import { isTerminal } from './controller/run-context.ts';

/** What the operator measures beyond its Kubernetes client. */
export interface OperatorMetrics {
  /** nodetask_operator_agent_requests_total, …_duration_seconds. `outcome` is the HTTP status, a code of the error registry, or `error`. */
  agentCalled(method: string, outcome: string, seconds: number): void;
  /** nodetask_operator_enrollments_total */
  enrollmentAnswered(status: number): void;
  /** nodetask_operator_status_writes_total, and nodetask_operator_finished_total where it ends a NodeTask. */
  statusWritten(nodeTask: NodeTask, phase: string | undefined): void;
}

const callSeconds = [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** What is asked for at each scrape. */
export interface OperatorGauges {
  /** All NodeTasks, for nodetask_operator_nodetasks. */
  readonly nodeTasks: () => readonly NodeTask[];
  /** When certificates end, in milliseconds since the epoch, by what they are for. */
  readonly certificateEnds: () => ReadonlyMap<string, number>;
}

export const createOperatorMetrics = (
  registry: Registry,
  { nodeTasks, certificateEnds }: OperatorGauges,
): OperatorMetrics => {
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
  void new Gauge({
    name: 'nodetask_operator_certificate_expiry_timestamp_seconds',
    help: 'When the certificates that this process keeps end, in seconds since the epoch',
    labelNames: ['certificate'] as const,
    registers,
    collect() {
      this.reset();
      for (const [certificate, endsAt] of certificateEnds()) this.set({ certificate }, endsAt / 1000);
    },
  });
  // Registers itself, and counts when it is asked.
  void new Gauge({
    name: 'nodetask_operator_nodetasks',
    help: 'NodeTasks by phase',
    labelNames: ['phase'] as const,
    registers,
    collect() {
      this.reset();
      for (const { status } of nodeTasks()) this.inc({ phase: status?.phase ?? 'New' });
    },
  });
  return {
    agentCalled: (method, outcome, seconds) => {
      requests.inc({ method, outcome });
      duration.observe({ method }, seconds);
    },
    enrollmentAnswered: (status) => {
      enrollments.inc({ code: status });
    },
    statusWritten: ({ spec }, phase) => {
      writes.inc();
      if (phase !== undefined && isTerminal(phase)) finished.inc({ type: spec.type, phase });
    },
  };
};
