import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { Async, TaskResult } from '@nodetask/shared';
import { AgentLauncher, type LaunchedAgent } from '../agent-launcher.ts';
import { post, read, urlOf } from '../agent-calls.ts';
import { injectedMemoryBytes, MemoryLimit } from './memory-limit.ts';

export interface MeasuredTask {
  readonly type: string;
  readonly params: object;
  readonly async?: Async;
}

export interface Cost {
  /** In the order of the tasks. */
  readonly results: readonly TaskResult[];
  /** The most memory that the agent had. */
  readonly peakBytes: number;
  /** Beyond what it had before. */
  readonly extraBytes: number;
  /** The longest that a probe had to wait for the agent: not for this process, and not for a processor that others had. */
  readonly stallMs: number;
  readonly wallMs: number;
}

/** An agent as a process, with the memory that the injection gives it, that is probed while tasks run. */
export class MeasuredAgent implements AsyncDisposable {
  readonly #launcher: AgentLauncher;
  readonly #agent: LaunchedAgent;
  readonly #limit: MemoryLimit | undefined;
  readonly url: string;
  readonly #pid: number;

  private constructor(launcher: AgentLauncher, agent: LaunchedAgent, limit: MemoryLimit | undefined, url: string) {
    this.#launcher = launcher;
    this.#agent = agent;
    this.#limit = limit;
    this.url = url;
    this.#pid = agent.child.pid ?? 0;
  }

  static async start(home: string): Promise<MeasuredAgent> {
    const limit = MemoryLimit.make(injectedMemoryBytes);
    const launcher = new AgentLauncher(home, limit);
    const agent = launcher.launch({
      NODETASK_ALLOW_HOST: '127.0.0.1',
      AWS_ACCESS_KEY_ID: 'test',
      AWS_SECRET_ACCESS_KEY: 'test',
      AWS_EC2_METADATA_DISABLED: 'true',
    });
    return new MeasuredAgent(launcher, agent, limit, await urlOf(agent));
  }

  /** Whether a memory cgroup holds it, so that too much would end it. */
  get isHeld(): boolean {
    return this.#limit !== undefined;
  }

  /** Submits tasks at once, and probes the agent as a kubelet does, only without a pause, until `areDone`. */
  async run(
    tasks: readonly MeasuredTask[],
    areDone: (results: readonly TaskResult[]) => boolean = (results) =>
      results.every(({ status }) => status !== 'running'),
  ): Promise<Cost> {
    const usual = this.#resetPeak();
    const own = monitorEventLoopDelay({ resolution: 5 });
    own.enable();
    const begun = performance.now();
    const ids: string[] = [];
    for (const task of tasks) {
      const id = randomUUID();
      const posted = await post(this.url, { id, ...task });
      assert.ok(posted.ok, await posted.text());
      ids.push(id);
    }
    let stallMs = 0;
    let results: readonly TaskResult[] = [];
    do {
      const [asked, waited] = [performance.now(), this.#queuedMs()];
      const probe = await fetch(`${this.url}/v0/livez`).catch((error: unknown) => {
        throw new Error(`the agent does not answer: ${this.#agent.stderr().slice(-2_000)}`, { cause: error });
      });
      await probe.text();
      assert.equal(probe.status, 200);
      stallMs = Math.max(stallMs, performance.now() - asked - (this.#queuedMs() - waited));
      results = await Promise.all(ids.map((id) => read(this.url, id)));
    } while (!areDone(results));
    const wallMs = performance.now() - begun;
    const peakBytes = peakOf(this.#pid);
    const cost = { peakBytes, extraBytes: peakBytes - usual, stallMs: Math.max(0, stallMs - own.max / 1e6), wallMs };
    own.disable();
    for (const [index, { status }] of results.entries()) {
      if (status === 'running') await this.#remove(ids[index] ?? '');
    }
    return { results, ...cost };
  }

  /** Nothing has ended it. */
  assertUp(): void {
    assert.equal(this.#agent.child.exitCode, null, this.#agent.stderr());
    assert.equal(this.#agent.child.signalCode, null, this.#agent.stderr());
    assert.ok(peakOf(this.#pid) < injectedMemoryBytes, `it took ${Math.round(peakOf(this.#pid) / 1e6)} MB`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#launcher[Symbol.asyncDispose]();
    this.#limit?.[Symbol.dispose]();
  }

  async #remove(id: string): Promise<void> {
    await fetch(`${this.url}/v0/tasks/${id}`, { method: 'DELETE' });
  }

  /** How long its main thread was ready to run and had no processor, in all. https://docs.kernel.org/scheduler/sched-stats.html */
  #queuedMs(): number {
    try {
      return Number(readFileSync(`/proc/${this.#pid}/task/${this.#pid}/schedstat`, 'utf8').split(' ')[1]) / 1e6;
    } catch {
      // Not every kernel tells: then the probe alone counts.
      return 0;
    }
  }

  /** Lets the most that it has had be what it has now; answers that. */
  #resetPeak(): number {
    try {
      writeFileSync(`/proc/${this.#pid}/clear_refs`, '5');
    } catch {
      // Not every kernel allows it: then the most that it has had so far is what counts.
    }
    return peakOf(this.#pid);
  }
}

/** The most memory that a process has had so far. */
const peakOf = (pid: number): number => {
  const [, kilobytes] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(kilobytes) * 1024;
};
