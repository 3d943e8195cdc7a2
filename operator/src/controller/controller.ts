import { noTracer, type Tracer } from '@nodetask/runtime';
import type { Clock, Logger, NodeTask } from '@nodetask/shared';
import type { AgentCalls } from '../agents/agent-client.ts';
import type { AgentPod } from '../agents/agent-pod.ts';
import type { EventSink } from '../kube/event-record.ts';
import type { Fence } from '../kube/held-lease.ts';
import type { KubeMetrics } from '../kube/kube-metrics.ts';
import type { KubeTransport } from '../kube/kube-transport.ts';
import { LeadershipLostError } from '../kube/leadership-lost-error.ts';
import type { ChangeHandler, ObjectCache } from '../kube/object-cache.ts';
import { ReadYourWrites } from '../kube/read-your-writes.ts';
import type { Reconcile } from '../kube/reconcile.ts';
import { runWorkers } from '../kube/run-workers.ts';
import { WorkQueue } from '../kube/work-queue.ts';
import { AgentCaller } from './agent-caller.ts';
import { clusterView, type ClusterView } from './cluster-view.ts';
import { released } from './dependencies/awaits.ts';
import { changesDependents } from './dependencies/changes-dependents.ts';
import { hasFinished } from './has-finished.ts';
import { queueOf } from './queue/ahead.ts';
import { freedPlaces } from './queue/freed-places.ts';
import { anyPod, placeKey } from './queue/places.ts';
import { changesAgent, concerns } from './relevance.ts';
import { keyOf } from './node-tasks.ts';
import { ProcessMemory } from './process-memory.ts';
import { reconcileNodeTask, type ReconcileOptions } from './reconcile-node-task.ts';
import { StatusWriter } from './status-writer.ts';

/** What the controller reads from: a Reflector is one. */
export interface Source<T extends NodeTask | AgentPod> {
  readonly cache: ObjectCache<T>;
  onChange(handler: ChangeHandler<T>): void;
}

export interface ControllerOptions extends Pick<ReconcileOptions, 'observer'> {
  readonly nodeTasks: readonly Source<NodeTask>[];
  readonly pods: readonly Source<AgentPod>[];
  readonly transport: KubeTransport;
  readonly events: EventSink;
  readonly clock: Clock;
  readonly random: () => number;
  readonly logger: Logger;
  readonly metrics: KubeMetrics;
  /** NodeTasks in work at the same time. */
  readonly concurrency: number;
  /** Of finished NodeTasks whose spec says nothing of it. Absent: they stay. */
  readonly defaultTTLSeconds?: number;
  /** Default: nothing is traced. */
  readonly tracer?: Tracer;
  /** Whether all NodeTasks and pods of a namespace are known. Default: they are when run() is called. */
  readonly isComplete?: (namespace: string) => boolean;
}

/** While this process leads. */
export interface Term {
  /** leaseTransitions of the Lease, which proves that this process leads when it is raised. */
  readonly fence: Fence;
  /** Ends the work now. */
  readonly signal: AbortSignal;
  /** Lets what is begun end. */
  readonly drain: AbortSignal;
}

/** Budget of one reconcile: a few calls to agents and to the API server, each with a budget of its own. */
const reconcileTimeoutMs = 60_000;
const parallelCalls = 16;

/**
 * Drives NodeTasks. It takes notice of changes from its construction on, which must come before the sources run, and works on them
 * in run().
 */
export class Controller {
  readonly #options: ControllerOptions;
  readonly #view: ClusterView;
  readonly #queue: WorkQueue;
  readonly #ownWrites: ReadYourWrites;
  readonly #memory = new ProcessMemory();

  constructor(options: ControllerOptions) {
    this.#options = options;
    const { nodeTasks, pods, clock, metrics } = options;
    this.#view = clusterView(
      nodeTasks.map(({ cache }) => cache),
      pods.map(({ cache }) => cache),
    );
    this.#queue = new WorkQueue({ name: 'nodetasks', clock, metrics });
    this.#ownWrites = new ReadYourWrites({
      clock,
      current: (key) => this.#view.nodeTask(key)?.metadata.resourceVersion,
    });
    for (const source of nodeTasks) {
      source.onChange((key, before, after) => {
        this.#onNodeTask(key, before, after);
        if (changesDependents(before, after)) this.#wakeDependents(key);
        this.#wakeReleased(before, after);
      });
    }
    for (const source of pods) {
      source.onChange((_, before, after) => {
        this.#onPod(before, after);
      });
    }
  }

  /** Works on what is in a namespace, or in all of them, which is known as a whole from now on. */
  workOn(namespace: string | undefined): void {
    const { nodeTasks } = this.#options;
    for (const { cache } of nodeTasks) {
      for (const nodeTask of cache.list()) {
        if (namespace === undefined || nodeTask.metadata.namespace === namespace) this.#queue.add(keyOf(nodeTask));
      }
    }
  }

  /** How many agents do not answer, by namespace: of those that an unfinished NodeTask has work for. */
  unreachableAgents(): ReadonlyMap<string, number> {
    return this.#memory.silentAgents();
  }

  /**
   * Works on NodeTasks until `signal` (now) or `drain` (let what is begun end) aborts. To be called once, when the caches are complete.
   * @throws LeadershipLostError: an agent or a status has heard from a newer leader, and so has the Lease.
   */
  async run(agents: AgentCalls, { fence, signal, drain }: Term): Promise<void> {
    const {
      transport,
      events,
      clock,
      random,
      logger,
      metrics,
      concurrency,
      observer,
      tracer = noTracer,
      defaultTTLSeconds,
    } = this.#options;
    const lost = new AbortController();
    const caller = new AgentCaller({
      clock,
      fence,
      onFault: (error, nodeTask) => {
        if (error instanceof LeadershipLostError) lost.abort(error);
        else logger.error('a call to an agent failed', { nodeTask, error });
      },
    });
    const reconcile = reconcileNodeTask({
      view: this.#view,
      transport,
      clock,
      agents,
      caller,
      wake: (key) => {
        this.#queue.add(key);
      },
      writer: new StatusWriter({ transport, ownWrites: this.#ownWrites, fence }),
      events,
      memory: this.#memory,
      parallelCalls,
      tracer,
      ...(defaultTTLSeconds === undefined ? {} : { defaultTTLSeconds }),
      ...(observer === undefined ? {} : { observer }),
    });
    try {
      await runWorkers(this.#queue, stopWhenLost(this.#whereComplete(reconcile), lost), {
        concurrency,
        signal: AbortSignal.any([signal, lost.signal]),
        drain,
        timeoutMs: reconcileTimeoutMs,
        clock,
        random,
        logger,
        metrics,
        hold: (key) => this.#ownWrites.holdMs(key),
        about: (nodeTask) => ({ nodeTask }),
      });
    } finally {
      await caller.stop(new Error('the work on NodeTasks has ended'));
    }
    if (lost.signal.aborted) throw lost.signal.reason;
  }

  /** What is in other namespaces comes back by workOn(). */
  #whereComplete(reconcile: Reconcile): Reconcile {
    const { isComplete = () => true } = this.#options;
    return async (key, context) => (isComplete(key.slice(0, key.indexOf('/'))) ? reconcile(key, context) : {});
  }

  #onNodeTask(key: string, before: NodeTask | undefined, after: NodeTask | undefined): void {
    this.#ownWrites.observe(key, after?.metadata.resourceVersion);
    if (after === undefined) this.#memory.forget(key);
    else this.#queue.add(key);
    const freed = new Set(freedPlaces(before, after));
    if (freed.size > 0 && before !== undefined) this.#wakeNext(before.metadata.namespace, freed);
  }

  #wakeDependents(key: string): void {
    for (const nodeTask of this.#view.dependentsOf(key)) {
      if (!hasFinished(nodeTask)) this.#queue.add(keyOf(nodeTask));
    }
  }

  /** Those that may have waited only for this one to begin before they are deleted. */
  #wakeReleased(before: NodeTask | undefined, after: NodeTask | undefined): void {
    for (const name of released(before, after)) {
      const key = `${before?.metadata.namespace ?? ''}/${name}`;
      const { defaultTTLSeconds } = this.#options;
      const ttl = this.#view.nodeTask(key)?.spec.ttlSecondsAfterFinished ?? defaultTTLSeconds;
      if (ttl !== undefined) this.#queue.add(key);
    }
  }

  /** Brings back the first that waits at each of these places. */
  #wakeNext(namespace: string, places: ReadonlySet<string>): void {
    const pods = places.has(placeKey(namespace, anyPod))
      ? this.#view.podsIn(namespace)
      : [...places].flatMap((place) => this.#view.pod(place) ?? []);
    for (const pod of pods) {
      const [next] = queueOf(this.#view, pod);
      if (next === undefined) continue;
      const key = keyOf(next);
      this.#memory.find(key)?.retryNow('busy');
      this.#queue.add(key);
    }
  }

  #onPod(before: AgentPod | undefined, after: AgentPod | undefined): void {
    if (!changesAgent(before, after)) return;
    const pods = [before, after].filter((pod) => pod !== undefined);
    const namespace = pods[0]?.metadata.namespace ?? '';
    for (const nodeTask of this.#view.nodeTasksIn(namespace)) {
      if (!pods.some((pod) => concerns(pod, nodeTask))) continue;
      const key = keyOf(nodeTask);
      this.#memory.find(key)?.retryNow('silent');
      this.#queue.add(key);
    }
  }
}

const stopWhenLost =
  (reconcile: Reconcile, lost: AbortController): Reconcile =>
  async (key, context) => {
    try {
      return await reconcile(key, context);
    } catch (error) {
      if (error instanceof LeadershipLostError) lost.abort(error);
      throw error;
    }
  };
