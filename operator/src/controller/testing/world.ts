import { type ErrorCode, errorCodeEntry, type NodeTask, type NodeTaskStatus, type TaskResult } from '@nodetask/shared';
import type { AgentPod } from '../../agents/agent-pod.ts';
import { decide } from '../decide.ts';
import { currentTaskID } from '../current-task-id.ts';
import type { Decision } from '../decision.ts';
import { isTerminal } from '../run-context.ts';
import { type AgentAnswer, type AgentCall, remember, type TaskMemory } from '../task-memory.ts';
import { agentPod, nodeTask, oneShot, start } from './fixtures.ts';

/** Thrown where a test has the operator die. */
export class Crash extends Error {
  override readonly name = 'Crash';
}

/** One agent of the model: what api.md says of submission, removal and the one-shot lock, and nothing more. */
interface ModelAgent {
  readonly tasks: Map<string, TaskResult>;
  readonly tombstones: Set<string>;
  /** Starts of each task; over all journals. */
  readonly starts: Map<string, number>;
  reachable: boolean;
}

/**
 * A model of the cluster around decide: an object, pods, agents, and an operator that does what decide says. It is there to put
 * decide through any order of events; it proves nothing of the real agent.
 */
export class World {
  nodeTask: NodeTask;
  now = start;
  readonly pods = new Map<string, AgentPod>();
  readonly agents = new Map<string, ModelAgent>();
  memory = new Map<string, TaskMemory>();
  outOfReachSince = new Map<string, number>();
  missingSince = new Map<string, number>();
  /** Steps of the operator until it dies; undefined = it lives. */
  dieAfter: number | undefined;
  events: string[] = [];
  /** The NodeTask `first`, for a spec that depends on it. */
  dependency: NodeTask | undefined;
  /** Runs of which anything was started. */
  readonly #begunRuns = new Set<string | undefined>();
  #podNumber = 0;

  constructor(spec: NodeTask['spec'], pods: readonly string[]) {
    this.nodeTask = nodeTask(spec);
    for (const name of pods) this.addPod(name);
  }

  addPod(name: string): void {
    this.#podNumber += 1;
    this.pods.set(name, agentPod(name, { uid: `uid-${this.#podNumber}`, createdAt: this.now }));
    if (!this.agents.has(name)) {
      this.agents.set(name, { tasks: new Map(), tombstones: new Set(), starts: new Map(), reachable: true });
    }
  }

  /** It has ended and stays there, as an evicted pod does; nothing answers in it. */
  evictPod(name: string): void {
    const pod = this.pods.get(name);
    if (pod === undefined) return;
    const { address: _, ...rest } = pod;
    this.pods.set(name, { ...rest, unavailable: 'the pod has ended (Failed)', ended: true });
  }

  /** Somebody has asked for its deletion; its agent goes on until then. */
  leavePod(name: string): void {
    const pod = this.pods.get(name);
    if (pod !== undefined) this.pods.set(name, { ...pod, leavingAt: this.now });
  }

  /** What the operator knows by itself is gone. */
  restartOperator(): void {
    this.memory = new Map();
    this.outOfReachSince = new Map();
    this.missingSince = new Map();
    this.dieAfter = undefined;
  }

  /** The agent writes one of its tasks to its row: the newest, or one before it. */
  report(pod: string, back = 0): void {
    const task = [...(this.agents.get(pod)?.tasks.values() ?? [])].at(-1 - back);
    if (task === undefined) return;
    const { params: _, ...result } = task;
    const rows = this.nodeTask.status?.targets ?? [];
    const known = rows.some((row) => row.pod === pod);
    this.#writeStatus({
      ...this.nodeTask.status,
      targets: known ? rows.map((row) => (row.pod === pod ? { ...row, result } : row)) : [...rows, { pod, result }],
    });
  }

  /** The task that runs on a pod ends. */
  end(pod: string, errorCode?: ErrorCode): void {
    const tasks = this.agents.get(pod)?.tasks;
    const completedAt = new Date(this.now).toISOString();
    const end =
      errorCode === undefined
        ? { status: 'completed' as const }
        : { status: 'failed' as const, errorCode, retriable: errorCodeEntry(errorCode).retriable };
    for (const [id, task] of tasks ?? [])
      if (task.status === 'running') tasks?.set(id, { ...task, ...end, completedAt });
  }

  changeRunID(runID: string): void {
    this.#changeSpec({ runID });
  }

  /** What `first` comes to; undefined = there is none. */
  dependencyIs(phase: 'Running' | 'Succeeded' | 'Failed' | undefined): void {
    this.dependency =
      phase === undefined ? undefined : nodeTask(oneShot, { observedGeneration: 1, phase }, { name: 'first' });
  }

  suspend(suspend: boolean): void {
    this.#changeSpec({ suspend });
  }

  #changeSpec(changes: Partial<NodeTask['spec']>): void {
    const { metadata, spec } = this.nodeTask;
    const generation = metadata.generation + 1;
    this.nodeTask = { ...this.nodeTask, metadata: { ...metadata, generation }, spec: { ...spec, ...changes } };
  }

  delete(): void {
    const deletionTimestamp = new Date(this.now).toISOString();
    this.nodeTask = { ...this.nodeTask, metadata: { ...this.nodeTask.metadata, deletionTimestamp } };
  }

  /** As `kubectl replace` does. */
  takeFinalizer(): void {
    this.#setFinalizers([]);
  }

  /** What is there of the NodeTasks that it depends on, by name. */
  dependencies(): ReadonlyMap<string, NodeTask> {
    return new Map(this.dependency === undefined ? [] : [['first', this.dependency]]);
  }

  decide(): Decision {
    for (const row of this.nodeTask.status?.targets ?? []) {
      if (this.pods.get(row.pod)?.address !== undefined) this.outOfReachSince.delete(row.pod);
      else if (!this.outOfReachSince.has(row.pod)) this.outOfReachSince.set(row.pod, this.now);
    }
    const dependencies = this.dependencies();
    for (const name of this.nodeTask.spec.dependsOn ?? []) {
      if (dependencies.has(name)) this.missingSince.delete(name);
      else if (!this.missingSince.has(name)) this.missingSince.set(name, this.now);
    }
    return decide({
      nodeTask: this.nodeTask,
      pods: [...this.pods.values()],
      namesInstead: [],
      unlabelled: [],
      formerPods: [],
      dependencies,
      missingSince: this.missingSince,
      nearNames: new Map(),
      awaitedBy: [],
      outOfReachSince: this.outOfReachSince,
      ahead: new Map(),
      underWay: new Set(),
      memory: this.memory,
      now: this.now,
    });
  }

  /** One reconcile, as the reconciler does it. Returns the last decision. */
  reconcile(): Decision {
    for (let round = 0; round < 10; round++) {
      const decision = this.decide();
      if (decision.finalizer === 'add') this.#step(() => this.#setFinalizers(['nodetask.dev/cancel']));
      if (decision.calls.length > 0) {
        for (const call of decision.calls) this.#step(() => this.#call(call));
        continue;
      }
      const { status } = decision;
      if (status !== undefined) this.#step(() => this.#apply(status));
      for (const pod of decision.dropRows) this.#step(() => this.#dropRow(pod));
      this.events.push(...decision.events.map(({ reason }) => reason));
      if (decision.finalizer === 'remove') this.#step(() => this.#setFinalizers([]));
      return decision;
    }
    throw new Error('decide asked for calls ten times in a row');
  }

  #step(action: () => void): void {
    if (this.dieAfter !== undefined && this.dieAfter-- <= 0) throw new Crash('the operator died');
    action();
  }

  #call(call: AgentCall): void {
    const answer = this.#answer(call);
    const { generation } = this.nodeTask.metadata;
    this.memory.set(call.taskID, remember(this.memory.get(call.taskID), call, answer, { now: this.now, generation }));
  }

  #answer(call: AgentCall): AgentAnswer {
    const agent = this.agents.get(call.pod.metadata.name);
    if (agent === undefined || !agent.reachable) return { kind: 'silent', message: 'no answer' };
    const { tasks, tombstones, starts } = agent;
    const task = tasks.get(call.taskID);
    switch (call.kind) {
      case 'dispatch': {
        if (tombstones.has(call.taskID)) return { kind: 'gone' };
        if (task !== undefined) return { kind: 'accepted' };
        this.#checkStart(call);
        const busy = [...tasks.values()].find(({ status }) => status === 'running');
        if (busy !== undefined && call.request.async === undefined) {
          return { kind: 'busy', by: { id: busy.id, type: busy.type } };
        }
        starts.set(call.taskID, (starts.get(call.taskID) ?? 0) + 1);
        tasks.set(call.taskID, {
          id: call.taskID,
          type: 'mark-ready',
          status: 'running',
          submittedAt: new Date(this.now).toISOString(),
          ...(call.request.async === undefined ? {} : { async: call.request.async }),
          run: 1,
        });
        return { kind: 'accepted' };
      }
      case 'read':
        return task === undefined ? { kind: 'missing' } : { kind: 'found', result: task };
      case 'remove':
        tasks.delete(call.taskID);
        tombstones.add(call.taskID);
        return { kind: 'stopped' };
      case 'reschedule': {
        if (task?.async?.schedule === undefined) return { kind: 'missing' };
        const { suspend = false } = call.update;
        tasks.set(call.taskID, { ...task, async: { schedule: { ...task.async.schedule, suspend } } });
        return { kind: 'rescheduled' };
      }
      default:
        return call satisfies never;
    }
  }

  /** Nothing starts while suspended, and no run before what it depends on has completed. A higher attempt is on status before it is with an agent: whatever dies, the next operator knows of it. */
  #checkStart({ pod, taskID: id }: AgentCall): void {
    const { runID, dependsOn = [] } = this.nodeTask.spec;
    const dependencies = this.dependencies();
    const areComplete = dependsOn.every((name) => dependencies.get(name)?.status?.phase === 'Succeeded');
    if (!this.#begunRuns.has(runID) && !areComplete) {
      throw new Error(`${id} was dispatched before what it depends on has completed`);
    }
    this.#begunRuns.add(runID);
    if (this.nodeTask.spec.suspend) throw new Error(`${id} was dispatched although spec.suspend is true`);
    const { name } = pod.metadata;
    const row = this.nodeTask.status?.targets?.find((one) => one.pod === name);
    if (id !== currentTaskID(this, name, 1) && row?.taskID !== id) {
      throw new Error(`${id} was dispatched to ${name} although status does not have it`);
    }
  }

  #apply(owned: NonNullable<Decision['status']>): void {
    const before = this.nodeTask.status?.targets ?? [];
    const rows = new Map<string, NonNullable<NodeTaskStatus['targets']>[number]>();
    for (const { pod, result, runs } of before) {
      if (result !== undefined) rows.set(pod, { pod, result, ...(runs === undefined ? {} : { runs }) });
    }
    for (const row of owned.targets ?? []) rows.set(row.pod, { ...rows.get(row.pod), ...row });
    this.#writeStatus({ ...owned, targets: [...rows.values()] });
  }

  #dropRow(pod: string): void {
    const { status } = this.nodeTask;
    this.#writeStatus({ ...status, targets: (status?.targets ?? []).filter((row) => row.pod !== pod) });
  }

  #writeStatus(status: NodeTaskStatus): void {
    this.nodeTask = { ...this.nodeTask, status };
  }

  #setFinalizers(finalizers: readonly string[]): void {
    this.nodeTask = { ...this.nodeTask, metadata: { ...this.nodeTask.metadata, finalizers } };
  }

  get phase(): string | undefined {
    return this.nodeTask.status?.phase;
  }

  get ended(): boolean {
    const { status, spec } = this.nodeTask;
    return isTerminal(status?.phase) && status?.runID === spec.runID;
  }
}
