import { type Clock, type NodeTask, type NodeTaskStatus, phases } from '@nodetask/shared';
import { Gauge, type Registry } from 'prom-client';
import { stuckReason, stuckReasons } from './stuck-reason.ts';

/** What the operator knows when it is scraped. */
export interface StateSources {
  /** All NodeTasks. */
  readonly nodeTasks: () => readonly NodeTask[];
  /** How many agents do not answer, by namespace: of those that some unfinished NodeTask has work for. */
  readonly unreachableAgents: () => ReadonlyMap<string, number>;
  /** When the certificates of this process end, in milliseconds since the epoch, by what they are for. */
  readonly certificateEnds: () => ReadonlyMap<string, number>;
  /** Those that the API server does not let the operator read. */
  readonly unreadableNamespaces: () => readonly string[];
  readonly clock: Clock;
}

const knownPhases: ReadonlySet<string> = new Set(phases);

/** Metrics of where NodeTasks and agents are, counted when they are scraped. */
export const registerStateMetrics = (
  registry: Registry,
  { nodeTasks, unreachableAgents, unreadableNamespaces, certificateEnds, clock }: StateSources,
): void => {
  const registers = [registry];
  void new Gauge({
    name: 'nodetask_operator_nodetasks',
    help: 'NodeTasks by phase (New: nobody has looked at them yet)',
    labelNames: ['phase'],
    registers,
    collect() {
      this.reset();
      for (const phase of ['New', ...phases]) this.set({ phase }, 0);
      for (const { status } of nodeTasks()) this.inc({ phase: phaseLabel(status) });
    },
  });
  void new Gauge({
    name: 'nodetask_operator_nodetasks_stuck',
    help: 'NodeTasks that do not come on by themselves, by reason (unseen, stalled, cannot-report, upload-too-old, daemon-stalled, overdue, deleting)',
    labelNames: ['reason'],
    registers,
    collect() {
      this.reset();
      for (const reason of stuckReasons) this.set({ reason }, 0);
      for (const nodeTask of nodeTasks()) {
        const reason = stuckReason(nodeTask, clock.now());
        if (reason !== undefined) this.inc({ reason });
      }
    },
  });
  void new Gauge({
    name: 'nodetask_operator_namespaces_unreadable',
    help: 'Namespaces that the operator is to watch and may not read: 1 for each',
    labelNames: ['namespace'],
    registers,
    collect() {
      this.reset();
      for (const namespace of unreadableNamespaces()) this.set({ namespace }, 1);
    },
  });
  void new Gauge({
    name: 'nodetask_operator_certificate_expiry_timestamp_seconds',
    help: 'When the certificates that this process keeps end, in seconds since the epoch',
    labelNames: ['certificate'],
    registers,
    collect() {
      this.reset();
      for (const [certificate, endsAt] of certificateEnds()) this.set({ certificate }, endsAt / 1000);
    },
  });
  void new Gauge({
    name: 'nodetask_operator_longest_agent_queue',
    help: 'NodeTasks that wait for the agent for which most of them wait',
    registers,
    collect() {
      this.set(nodeTasks().reduce((most, { status }) => Math.max(most, status?.queuePosition ?? 0), 0));
    },
  });
  void new Gauge({
    name: 'nodetask_operator_agents_unreachable',
    help: 'Agents that do not answer although a NodeTask has work for them, by namespace',
    labelNames: ['namespace'],
    registers,
    collect() {
      this.reset();
      for (const [namespace, count] of unreachableAgents()) this.set({ namespace }, count);
    },
  });
};

/** Of whoever may write to status: a phase of their own makes no series. The API server fills in a phase before anybody has looked. */
const phaseLabel = ({ observedGeneration = -1, phase }: NodeTaskStatus = {}): string => {
  if (observedGeneration < 0 || phase === undefined) return 'New';
  return knownPhases.has(phase) ? phase : 'other';
};
