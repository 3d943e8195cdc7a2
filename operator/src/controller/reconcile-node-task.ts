import type { Tracer } from '@nodetask/runtime';
import type { NodeTask, NodeTaskStatus } from '@nodetask/shared';
import type { AgentCalls } from '../agents/agent-client.ts';
import { isNotFound } from '../kube/api-error.ts';
import type { EventSink } from '../kube/event-record.ts';
import type { Reconcile, ReconcileContext, ReconcileResult } from '../kube/reconcile.ts';
import { endRoot } from '../tracing/node-task-trace.ts';
import { ReconcileTrace } from '../tracing/reconcile-trace.ts';
import type { AgentCaller } from './agent-caller.ts';
import { decide } from './decide.ts';
import type { Decision, EventNote } from './decision.ts';
import { isCrowded } from './foreign-rows.ts';
import { gather, type GatherOptions } from './gather.ts';
import { hasFinished } from './has-finished.ts';
import { inParallel } from './in-parallel.ts';
import type { NodeTaskMemory, ProcessMemory } from './process-memory.ts';
import { blockerHasEnded } from './queue/blocker-has-ended.ts';
import type { Reason } from './reasons.ts';
import { refusalEvent, type RefusedWrite, tellingRefusals, type Write } from './refused-write.ts';
import { isTerminal } from './run-context.ts';
import type { StatusWrites } from './status-writer.ts';
import type { AgentAnswer, AgentCall } from './task-memory.ts';
import { taskMode } from './task-mode.ts';

export interface ReconcileOptions extends GatherOptions {
  readonly agents: AgentCalls;
  readonly caller: AgentCaller;
  /** Has a NodeTask reconciled again. */
  readonly wake: (key: string) => void;
  readonly writer: StatusWrites;
  readonly events: EventSink;
  readonly memory: ProcessMemory;
  /** Calls to agents for one NodeTask at the same time. */
  readonly parallelCalls: number;
  readonly observer?: ReconcileObserver;
  readonly tracer: Tracer;
}

/** What metrics are made of. Durations in seconds. */
export interface ReconcileObserver {
  statusWritten(status: NonNullable<Decision['status']>, nodeTask: NodeTask): void;
  /** An agent has taken a task, so long after it became due. */
  dispatched(seconds: number): void;
  /** The API server has refused a write. */
  writeRefused(write: Write): void;
  /** A NodeTask that runs once has ended, so long after it was applied. */
  finished(nodeTask: NodeTask, seconds: number): void;
}

/** Decide asks for calls, is told the answers, asks for more: a few times at most, or something is wrong. */
const maxRounds = 8;

/** Brings one NodeTask a step further: gather, decide, then act in the order calls, status, rows, events, finalizer, deletion. */
export const reconcileNodeTask =
  (options: ReconcileOptions): Reconcile =>
  async (key, context) => {
    const nodeTask = options.view.nodeTask(key);
    if (nodeTask === undefined) return {};
    try {
      return await tracedAct(options, key, nodeTask, context);
    } catch (error) {
      // Deleted meanwhile, by force or by the removal of the finalizer: there is nothing left to write to.
      if (isNotFound(error)) return {};
      throw error;
    }
  };

const tracedAct: typeof act = async (options, key, nodeTask, context) => {
  if (!options.tracer.enabled) return act(options, key, nodeTask, context);
  const trace = new ReconcileTrace(options.tracer, nodeTask);
  const agents = trace.agents(options.agents);
  const writer = trace.writer(options.writer);
  try {
    const result = await act({ ...options, agents, writer }, key, nodeTask, context);
    trace.end();
    return result;
  } catch (error) {
    trace.end(error);
    throw error;
  }
};

const act = async (
  options: ReconcileOptions,
  key: string,
  cached: NodeTask,
  context: ReconcileContext,
): Promise<ReconcileResult> => {
  const memory = options.memory.of(key, cached.metadata.uid);
  let refusal: RefusedWrite | undefined;
  const writer = tellingRefusals(options.writer, (write, refused) => {
    if (refused === undefined && memory.refused?.write !== write) return;
    memory.refused = refused;
    refusal = refused;
    if (refused !== undefined) options.observer?.writeRefused(write);
  });
  try {
    return await reconcileOnce({ ...options, writer }, key, cached, memory, context);
  } catch (error) {
    if (refusal !== undefined) await sayRefused(options, key, refusal, context);
    throw error;
  }
};

/** On status where that can be written, and as an event: else only the log of the operator would know. */
const sayRefused = async (
  options: ReconcileOptions,
  key: string,
  refused: RefusedWrite,
  context: ReconcileContext,
): Promise<void> => {
  const nodeTask = options.view.nodeTask(key);
  if (nodeTask === undefined) return;
  const memory = options.memory.of(key, nodeTask.metadata.uid);
  const { status } = decide(await gather(options, nodeTask, memory, context));
  if (status !== undefined && isToldBy(status)) {
    try {
      await options.writer.apply(nodeTask, status, context.signal);
    } catch (error) {
      if (context.signal.aborted) throw error;
      context.logger.info('cannot say on status what the API server refuses', { error });
    }
  } else if (isToldBy(nodeTask.status ?? {})) return;
  // Again with each try where status cannot say it: the recorder counts events that are the same.
  options.events.event(eventRecord(nodeTask, refusalEvent(refused)));
};

const isToldBy = ({ conditions = [] }: Pick<NodeTaskStatus, 'conditions'>): boolean =>
  conditions.some(({ reason }) => reason === ('WriteRefused' satisfies Reason));

/** One reconcile, without regard to refusals. */
const reconcileOnce = async (
  options: ReconcileOptions,
  key: string,
  cached: NodeTask,
  memory: NodeTaskMemory,
  context: ReconcileContext,
): Promise<ReconcileResult> => {
  const { signal } = context;
  const { writer } = options;
  const heardAt = options.clock.now() - (options.clock.monotonic() - context.dueAt);
  const askedAt = memory.askedAt(cached, heardAt);
  let nodeTask = cached;
  let decision = decide(await gather(options, nodeTask, memory, context));
  for (let round = 1; decision.calls.length > 0; round++) {
    if (round > maxRounds)
      throw new Error(`decide asked for calls ${maxRounds} times in a row: ${describe(decision.calls)}`);
    if (decision.finalizer === 'add') nodeTask = await writer.addFinalizer(nodeTask, signal);
    await callAgents(options, key, nodeTask, memory, decision.calls, context);
    decision = decide(await gather(options, nodeTask, memory, context));
  }

  const makesRoom = isCrowded(nodeTask.status ?? {}, decision.status);
  if (makesRoom) nodeTask = await dropRows(options, nodeTask, memory, decision, signal);
  if (decision.status !== undefined) {
    nodeTask = await writer.apply(nodeTask, decision.status, signal);
    memory.writtenAt = options.clock.now();
    options.observer?.statusWritten(decision.status, nodeTask);
    if (options.tracer.enabled) {
      const step = { before: cached.status, after: decision.status, askedAt, now: memory.writtenAt };
      endRoot(options.tracer, cached, step);
    }
    const ends = isTerminal(decision.status.phase) && !hasFinished(cached) && taskMode(cached.spec) === 'one-shot';
    if (ends) context.logger.info('ended', { phase: decision.status.phase });
    if (ends && askedAt !== undefined) {
      options.observer?.finished(nodeTask, Math.max(0, memory.writtenAt - askedAt) / 1000);
    }
  }
  if (!makesRoom) nodeTask = await dropRows(options, nodeTask, memory, decision, signal);
  for (const note of decision.events) options.events.event(eventRecord(nodeTask, note));
  // After the status: where somebody refuses the finalizer, status still says what is so.
  if (decision.finalizer === 'add') nodeTask = await writer.addFinalizer(nodeTask, signal);
  if (decision.finalizer === 'remove') nodeTask = await writer.removeFinalizer(nodeTask, signal);
  if (decision.delete === true) {
    await writer.delete(nodeTask, signal);
    context.logger.info('deleted a NodeTask, as its spec.ttlSecondsAfterFinished says');
    return {};
  }

  const freed = blockerHasEnded(options.view, memory, options.clock.now());
  if (freed) memory.retryNow('busy');
  if (hasFinished(nodeTask)) memory.keep(new Set());
  const requeueAfterMs = freed ? 0 : decision.requeueAfterMs;
  return requeueAfterMs === undefined ? {} : { requeueAfterMs };
};

const dropRows = async (
  { writer, clock }: ReconcileOptions,
  nodeTask: NodeTask,
  memory: NodeTaskMemory,
  { dropRows: pods }: Decision,
  signal: AbortSignal,
): Promise<NodeTask> => {
  if (pods.length === 0) return nodeTask;
  memory.droppedAt = clock.now();
  return writer.dropRows(nodeTask, pods, signal);
};

const callAgents = async (
  { agents, caller, wake, clock, parallelCalls, observer }: ReconcileOptions,
  key: string,
  { metadata: { generation } }: NodeTask,
  memory: NodeTaskMemory,
  calls: readonly AgentCall[],
  { logger, dueAt }: ReconcileContext,
): Promise<void> => {
  await inParallel(parallelCalls, calls, async (call) => {
    memory.underWay.add(call.taskID);
    await caller.call(call, {
      agents,
      nodeTask: key,
      done: (answer) => {
        memory.underWay.delete(call.taskID);
        if (answer !== undefined) memory.answered(call, answer, clock.now(), generation);
        if (call.kind === 'dispatch' && answer?.kind === 'accepted') {
          observer?.dispatched((clock.monotonic() - dueAt) / 1000);
        }
        logger[isStep(call, answer) ? 'info' : 'debug']('called an agent', {
          call: call.kind,
          pod: call.pod.metadata.name,
          task: call.taskID,
          answer: answer?.kind,
        });
      },
      late: () => {
        wake(key);
      },
    });
  });
};

/** Whether a call has begun, changed or ended work: being asked is no step, and a call that led to nothing is made again every few seconds. */
const isStep = ({ kind }: AgentCall, answer: AgentAnswer | undefined): boolean =>
  kind !== 'read' && answer !== undefined && answer.kind !== 'busy' && answer.kind !== 'silent';

const eventRecord = (
  { apiVersion, kind, metadata: { namespace, name, uid } }: NodeTask,
  note: EventNote,
): Parameters<EventSink['event']>[0] => ({ ...note, regarding: { apiVersion, kind, namespace, name, uid } });

const describe = (calls: readonly AgentCall[]): string =>
  calls.map(({ kind, pod, taskID }) => `${kind} ${taskID} on ${pod.metadata.name}`).join(', ');
