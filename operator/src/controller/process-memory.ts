import type { NodeTask } from '@nodetask/shared';
import type { AgentPod } from '../agents/agent-pod.ts';
import { askedAt } from './asked-at.ts';
import type { RefusedWrite } from './refused-write.ts';
import { type AgentAnswer, type AgentCall, remember, type TaskMemory } from './task-memory.ts';

/** What this process remembers of one NodeTask. All of it may be lost. */
export class NodeTaskMemory {
  readonly #tasks = new Map<string, TaskMemory>();
  readonly #outOfReachSince = new Map<string, number>();
  readonly #missingSince = new Map<string, number>();
  /** The last look for pods without the agent label. */
  unlabelled: { readonly pods: readonly string[]; readonly at: number } | undefined;

  /** The last look for pods that lost the agent label. */
  former: { readonly names: string; readonly pods: readonly AgentPod[]; readonly at: number } | undefined;

  /** Ids of tasks that stood in the way and that were seen to have ended: each is tried once because of it. */
  readonly endedBlockers = new Set<string>();
  /** When that was last seen of any. */
  blockerEndedAt: number | undefined;
  /** Ids of tasks with a call to their agent that is not over. */
  readonly underWay = new Set<string>();
  /** When status was last written. */
  writtenAt: number | undefined;
  /** When rows were last taken off it. */
  droppedAt: number | undefined;
  /** The last write that the API server has refused, until it takes such a write. */
  refused: RefusedWrite | undefined;

  #asked: { readonly runID: string | undefined; readonly at: number | undefined } | undefined;

  get tasks(): ReadonlyMap<string, TaskMemory> {
    return this.#tasks;
  }

  get missingSince(): ReadonlyMap<string, number> {
    return this.#missingSince;
  }

  get outOfReachSince(): ReadonlyMap<string, number> {
    return this.#outOfReachSince;
  }

  /**
   * When the run that spec asks for was asked for, as this process knows.
   * @param heardAt when it heard of the state that it works on, in milliseconds since the epoch.
   */
  askedAt(nodeTask: NodeTask, heardAt: number): number | undefined {
    const { runID } = nodeTask.spec;
    if (this.#asked === undefined || this.#asked.runID !== runID) {
      this.#asked = { runID, at: askedAt(nodeTask, heardAt) };
    }
    return this.#asked.at;
  }

  answered(call: AgentCall, answer: AgentAnswer, now: number, generation: number): void {
    this.#tasks.set(call.taskID, remember(this.#tasks.get(call.taskID), call, answer, { now, generation }));
  }

  /** Notes which of the pods are absent or without an address, and since when. */
  see(names: readonly string[], pods: readonly AgentPod[], now: number): void {
    const reachable = new Set(pods.flatMap(({ metadata, address }) => (address === undefined ? [] : metadata.name)));
    for (const name of names) {
      if (reachable.has(name)) this.#outOfReachSince.delete(name);
      else if (!this.#outOfReachSince.has(name)) this.#outOfReachSince.set(name, now);
    }
    const known = new Set(names);
    for (const name of this.#outOfReachSince.keys()) if (!known.has(name)) this.#outOfReachSince.delete(name);
  }

  /** Notes which dependencies are missing now, and since when. */
  miss(names: readonly string[], now: number): void {
    for (const name of names) if (!this.#missingSince.has(name)) this.#missingSince.set(name, now);
    const missing = new Set(names);
    for (const name of this.#missingSince.keys()) if (!missing.has(name)) this.#missingSince.delete(name);
  }

  /** What waits for a busy agent, or for one that is silent, tries again now. */
  retryNow(waitsFor: 'busy' | 'silent'): void {
    for (const [id, memory] of this.#tasks) {
      if (waitsFor === 'busy' ? memory.dispatch?.kind !== 'busy' : memory.silence === undefined) continue;
      const { retryAt: _, ...rest } = memory;
      this.#tasks.set(id, { ...rest, failures: 0 });
    }
  }

  /** Keeps what is known of the given tasks only. */
  keep(ids: ReadonlySet<string>): void {
    for (const id of this.#tasks.keys()) if (!ids.has(id)) this.#tasks.delete(id);
  }
}

/** The memories of all NodeTasks, by key; one that was created anew under the same name begins anew. */
export class ProcessMemory {
  readonly #byKey = new Map<string, { readonly uid: string; readonly memory: NodeTaskMemory }>();

  of(key: string, uid: string): NodeTaskMemory {
    const known = this.#byKey.get(key);
    if (known?.uid === uid) return known.memory;
    const memory = new NodeTaskMemory();
    this.#byKey.set(key, { uid, memory });
    return memory;
  }

  find(key: string): NodeTaskMemory | undefined {
    return this.#byKey.get(key)?.memory;
  }

  forget(key: string): void {
    this.#byKey.delete(key);
  }

  get size(): number {
    return this.#byKey.size;
  }

  /** How many pods' agents do not answer, by namespace: those that a NodeTask has a task for. */
  silentAgents(): ReadonlyMap<string, number> {
    const silent = new Map<string, Set<string>>();
    for (const [key, { memory }] of this.#byKey) {
      for (const { podUID, silence } of memory.tasks.values()) {
        if (silence === undefined) continue;
        const [namespace = ''] = key.split('/', 1);
        silent.set(namespace, (silent.get(namespace) ?? new Set()).add(podUID));
      }
    }
    return new Map([...silent].map(([namespace, pods]) => [namespace, pods.size]));
  }
}
