import type { Clock } from '@nodetask/shared';
import type { AgentCalls } from '../agents/agent-client.ts';
import type { Fence } from '../kube/held-lease.ts';
import { LruMap } from '../kube/lru-map.ts';
import { performCall } from './perform-call.ts';
import type { AgentAnswer, AgentCall } from './task-memory.ts';
import { patienceMs } from './timing.ts';

export interface AgentCallerOptions {
  readonly clock: Clock;
  /** Of this operator: an agent that has seen a higher one refuses. */
  readonly fence: Fence;
  /** A call failed, by more than its agent's fault, when nobody waited for it any more. */
  readonly onFault: (error: unknown, nodeTask: string) => void;
}

/** By what to make a call, and what to do when it is over. */
export interface CallWork {
  readonly agents: AgentCalls;
  /** Namespace and name of the NodeTask that it is for. */
  readonly nodeTask: string;
  /** Without an answer where the call failed by more than its agent's fault. */
  readonly done: (answer: AgentAnswer | undefined) => void;
  /** Comes after `done` where nobody waits for the call any more. */
  readonly late: () => void;
}

/** Agents that are remembered as slow. */
const maxSlow = 4096;

/**
 * Makes the calls to agents. Nobody waits long for one that is slow, nor a second time for an agent that was: its call goes on by itself and ends late. So an
 * agent that takes its time, for whatever reason, keeps its own tasks waiting, and none of the workers that the tasks of other agents need.
 */
export class AgentCaller {
  readonly #options: AgentCallerOptions;
  readonly #end = new AbortController();
  readonly #running = new Set<Promise<void>>();
  /** By UID of the pod, those whose last call took longer than patience. */
  readonly #slow = new LruMap<string, boolean>(maxSlow);

  constructor(options: AgentCallerOptions) {
    this.#options = options;
  }

  /**
   * Resolves when the call is over or goes on by itself.
   * @throws LeadershipLostError if another operator leads; what stop() was called with.
   */
  async call(call: AgentCall, { agents, nodeTask, done, late }: CallWork): Promise<void> {
    const { uid } = call.pod.metadata;
    const work = this.#work(agents, call, done).finally(() => {
      this.#running.delete(work);
    });
    this.#running.add(work);
    if (this.#slow.get(uid) !== true && (await this.#isOverInTime(work))) return;
    this.#slow.set(uid, true);
    work.then(late, (error: unknown) => {
      if (!this.#end.signal.aborted) this.#options.onFault(error, nodeTask);
    });
  }

  /** Ends all calls; resolves when they have ended. */
  async stop(reason: Error): Promise<void> {
    this.#end.abort(reason);
    await Promise.allSettled(this.#running);
  }

  async #work(agents: AgentCalls, call: AgentCall, done: CallWork['done']): Promise<void> {
    const { clock, fence } = this.#options;
    const start = clock.monotonic();
    let answer: AgentAnswer | undefined;
    try {
      answer = await performCall(agents, call, { signal: this.#end.signal, fence });
    } finally {
      this.#slow.set(call.pod.metadata.uid, clock.monotonic() - start > patienceMs);
      done(answer);
    }
  }

  /** Whether the work ends while patience lasts; throws what it threw then. */
  async #isOverInTime(work: Promise<void>): Promise<boolean> {
    const patience = Promise.withResolvers<false>();
    const cancel = this.#options.clock.setTimer(patienceMs, () => {
      patience.resolve(false);
    });
    try {
      return await Promise.race([work.then(() => true as const), patience.promise]);
    } finally {
      cancel();
    }
  }
}
