import assert from 'node:assert/strict';
import { cp, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { NodeTask, TaskResult } from '@nodetask/shared';
import type { AgentProcess, Cluster } from '@nodetask/testbed';
import { SilentSource } from './silent-source.ts';
import { until } from './test-cluster.ts';

type Spec = Readonly<Record<string, unknown>>;

/** Where the agent keeps its journal, on the node's volume. */
const journalFolder = ({ home }: AgentProcess): string => join(home, '.nodetask');

/** Pods with an agent that tests do bad things to. */
export class PodFaults {
  readonly #cluster: Cluster;

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
  }

  async create(name: string): Promise<AgentProcess> {
    return this.#cluster.createAgentPod(name, { allowHosts: ['127.0.0.1'] });
  }

  /** The pod goes, and its volume with it where that is said. */
  async remove(name: string, volume: 'kept' | 'lost'): Promise<void> {
    const agent = this.#cluster.agent(name);
    await this.#cluster.deletePod(name);
    if (volume === 'lost') await rm(journalFolder(agent), { recursive: true });
  }

  /** The pod goes, and one of the same name comes. */
  async replace(name: string, volume: 'kept' | 'lost'): Promise<AgentProcess> {
    await this.remove(name, volume);
    return this.create(name);
  }

  /** The agent ends, loses its journal and is started again, all in the same pod. */
  async wipe(name: string): Promise<void> {
    const agent = this.#cluster.agent(name);
    await agent.kill();
    await rm(journalFolder(agent), { recursive: true });
    await agent.start();
  }

  /** Another pod, on a clone of the volume of the first. */
  async clone(name: string, as: string): Promise<AgentProcess> {
    const agent = this.#cluster.agent(name);
    await agent.stop();
    const home = join(dirname(agent.home), `clone-of-${name}`);
    await cp(agent.home, home, { recursive: true });
    await agent.start();
    return this.#cluster.createAgentPod(as, { home, allowHosts: ['127.0.0.1'] });
  }
}

/** A task that fetches from a source, and so goes on until that hangs up. */
export class HeldTask implements AsyncDisposable {
  readonly #cluster: Cluster;
  readonly #source: SilentSource;
  readonly name: string;
  readonly spec: Spec;

  private constructor(cluster: Cluster, source: SilentSource, name: string, spec: Spec) {
    this.#cluster = cluster;
    this.#source = source;
    this.name = name;
    this.spec = spec;
  }

  /** @param pod its target; also its name. */
  static async create(cluster: Cluster, pod: string, more: Spec = {}): Promise<HeldTask> {
    const source = await SilentSource.start();
    const spec = { type: 'configure-genesis', target: { podName: pod }, params: { rpc: source.url }, ...more };
    return new HeldTask(cluster, source, pod, spec);
  }

  /** The same as a daemon: an export that fetches from the source for ever. */
  static async daemon(cluster: Cluster, name: string, pod = name): Promise<HeldTask> {
    const source = await SilentSource.start();
    const params = { bucket: 'results', region: 'eu-central-1', endpoint: source.url, rpcEndpoint: source.url };
    const spec = { type: 'result-export', target: { podName: pod }, params, async: { daemon: {} } };
    return new HeldTask(cluster, source, name, spec);
  }

  /** Applies it, and waits until it runs and says so. */
  async run(): Promise<NodeTask> {
    await this.#cluster.applyNodeTask(this.name, this.spec);
    await this.connected();
    return this.until('to run', ({ status }) => status?.phase === 'Running');
  }

  async until(what: string, holds: (nodeTask: NodeTask) => boolean): Promise<NodeTask> {
    return until(this.#cluster, this.name, what, holds, 120_000);
  }

  /** Resolves when the handler is at work. */
  async connected(): Promise<void> {
    await this.#source.connected();
  }

  /** Hangs up: a run that is going fails, and connected() waits for the next one. */
  hangUp(): void {
    this.#source.hangUp();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#source[Symbol.asyncDispose]();
  }
}

/** Id under which the only target of a NodeTask has its task. */
export const taskIDOf = ({ status }: NodeTask): string => {
  const id = status?.targets?.[0]?.taskID;
  assert.ok(id, 'the row has a task id');
  return id;
};

/** What an agent knows of a task; undefined where it knows nothing. */
export const onAgent = async (agent: AgentProcess, id: string): Promise<TaskResult | undefined> => {
  const { status, body } = await agent.request('GET', `/v0/tasks/${id}`);
  return status === 200 ? (body as TaskResult) : undefined;
};

/** The message of the condition Ready. */
export const messageOf = ({ status }: NodeTask): string => status?.conditions?.[0]?.message ?? '';
