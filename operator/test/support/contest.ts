import assert from 'node:assert/strict';
import { join } from 'node:path';
import type { NodeTask } from '@nodetask/shared';
import {
  type Cluster,
  type Exit,
  type FaultProxy,
  freePort,
  OperatorProcess,
  startCluster,
  startFaultProxy,
  targetOf,
  waitFor,
  waitForObject,
} from '@nodetask/testbed';
import { AgentTap, type TappedCall } from './agent-tap.ts';
import { pathOf, untilFinished } from './test-cluster.ts';

interface Lease {
  readonly spec: {
    readonly holderIdentity?: string;
    readonly acquireTime: string;
    readonly renewTime: string;
    readonly leaseTransitions: number;
  };
}

const operatorNamespace = 'nodetask-system';
const leasePath = `/apis/coordination.k8s.io/v1/namespaces/${operatorNamespace}/leases/nodetask-operator`;
const pod = 'sei-0';

/** An operator process that wants to lead, on a network of its own. */
export interface Candidate {
  readonly name: string;
  readonly operator: OperatorProcess;
  /** Between it and the API server. */
  readonly network: FaultProxy;
  /** How its process ended. */
  readonly ended: Promise<Exit>;
}

export interface Leader extends Candidate {
  readonly fence: number;
  /** acquireTime of the Lease, by the leader's own clock. */
  readonly tookAt: number;
}

/** Operators that contend for one Lease, a real API server, and an agent that every call of theirs is written down for. */
export class Contest implements AsyncDisposable {
  readonly cluster: Cluster;
  readonly tap: AgentTap;
  readonly #token: string;
  readonly #candidates: Candidate[] = [];
  #entered = 0;
  #tasks = 0;

  private constructor(cluster: Cluster, tap: AgentTap, token: string) {
    this.cluster = cluster;
    this.tap = tap;
    this.#token = token;
  }

  static async start(): Promise<Contest> {
    const cluster = await startCluster({ operator: false });
    try {
      const port = await freePort();
      const tap = new AgentTap(`http://127.0.0.1:${String(port)}`);
      const created = cluster.createAgentPod(pod, { env: { NODETASK_LISTEN: `127.0.0.1:${String(port)}` } });
      const tapped = (async () => {
        const agent = await waitFor(() => cluster.agents[0], { what: 'the agent to be started', timeoutMs: 60_000 });
        const { host, port: podPort } = targetOf(agent.url);
        await tap.listen(host, podPort);
      })();
      await Promise.all([created, tapped]);
      const { token } = await cluster.controlPlane.serviceAccountToken({
        namespace: operatorNamespace,
        serviceAccount: 'nodetask-operator',
        expirationSeconds: 86_400,
      });
      return new Contest(cluster, tap, token);
    } catch (error) {
      await cluster.stop();
      throw error;
    }
  }

  async enter(env: Readonly<Record<string, string>> = {}): Promise<Candidate> {
    const { controlPlane, agentTokenFile } = this.cluster;
    this.#entered += 1;
    const name = `candidate-${String(this.#entered)}`;
    const network = await startFaultProxy({ target: targetOf(controlPlane.server) });
    const operator = new OperatorProcess({
      name,
      kubeconfig: await controlPlane.kubeconfig(name, {
        token: this.#token,
        namespace: operatorNamespace,
        server: network.url('https'),
      }),
      agentTokenFile,
      healthPort: await freePort(),
      logFile: join(controlPlane.folder, 'logs', `${name}.log`),
      settings: { env },
    });
    await operator.process.launch();
    const candidate = { name, operator, network, ended: operator.process.exited };
    this.#candidates.push(candidate);
    await operator.untilReady(60_000);
    return candidate;
  }

  /** Two new ones, of which the first leads. */
  async pair(
    envs: readonly [Readonly<Record<string, string>>?, Readonly<Record<string, string>>?] = [],
  ): Promise<readonly [Leader, Candidate]> {
    const first = await this.enter(envs[0]);
    const leader = await this.untilLeads(first);
    return [leader, await this.enter(envs[1])];
  }

  /** Waits until it holds the Lease. */
  async untilLeads(candidate: Candidate, timeoutMs = 60_000): Promise<Leader> {
    const holds = ({ spec }: Lease): boolean => spec.holderIdentity?.startsWith(`${candidate.name}_`) === true;
    const lease = await waitForObject<Lease>(
      this.cluster.admin,
      leasePath,
      (object) => object !== undefined && holds(object),
      { what: `${candidate.name} to lead`, timeoutMs },
    );
    if (lease === undefined) throw new Error('there is no Lease');
    const { leaseTransitions, acquireTime } = lease.spec;
    return { ...candidate, fence: leaseTransitions, tookAt: Date.parse(acquireTime) };
  }

  /** Waits until the leader has renewed its Lease so often; fails where another one takes it. */
  async untilRenewed({ name, fence }: Leader, times: number): Promise<void> {
    const renewals = new Set<string>();
    await waitForObject<Lease>(
      this.cluster.admin,
      leasePath,
      (lease) => {
        assert.equal(lease?.spec.leaseTransitions, fence, `the Lease of ${name}`);
        return renewals.add(lease.spec.renewTime).size > times;
      },
      { what: `${name} to renew its Lease`, timeoutMs: 120_000 },
    );
  }

  /** How an operator ends that ends by itself. */
  async untilEnds({ name, operator, ended }: Candidate): Promise<Exit> {
    await waitFor(() => !operator.process.running, { what: `${name} to end`, timeoutMs: 60_000 });
    return ended;
  }

  /** Makes a NodeTask for the agent without waiting for it. */
  async apply(): Promise<string> {
    this.#tasks += 1;
    const name = `task-${String(this.#tasks)}`;
    await this.cluster.applyNodeTask(name, { type: 'mark-ready', target: { podName: pod } });
    return name;
  }

  /** Waits until a NodeTask has succeeded, and its status been written by the leader. */
  async untilDone(name: string, { fence }: Leader): Promise<NodeTask> {
    const nodeTask = await untilFinished(this.cluster, name, undefined, 60_000);
    assert.deepEqual([nodeTask.status?.phase, nodeTask.status?.fence], ['Succeeded', fence], name);
    return nodeTask;
  }

  /** Has the leader do something from apply to the end. */
  async work(leader: Leader): Promise<NodeTask> {
    return this.untilDone(await this.apply(), leader);
  }

  async read(name: string): Promise<NodeTask> {
    const nodeTask = await this.cluster.admin.get<NodeTask>(pathOf(this.cluster, name));
    if (nodeTask === undefined) throw new Error(`${name} is gone`);
    return nodeTask;
  }

  callsOf({ fence }: Leader): readonly TappedCall[] {
    return this.tap.calls.filter((call) => call.fence === fence);
  }

  /** The promise that everything else is for: no call has an effect after one with a higher fence. */
  checkFences(): void {
    let highest = 0;
    for (const call of this.tap.calls) {
      if (call.fence < highest)
        assert.equal(call.status, 409, `${JSON.stringify(call)} after fence ${String(highest)}`);
      highest = Math.max(highest, call.fence);
    }
    assert.ok(highest > 0, 'no call was seen');
  }

  /** Ends every operator that still runs, and gives the Lease back. */
  async clear(): Promise<void> {
    await using all = new AsyncDisposableStack();
    for (const { operator, network } of this.#candidates.splice(0)) {
      await network.setMode({ kind: 'pass' });
      all.use(network);
      all.use(operator);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await using rest = new AsyncDisposableStack();
    rest.use(this.cluster);
    rest.use(this.tap);
    await this.clear();
  }
}

export const seconds = (milliseconds: number): string => `${(milliseconds / 1000).toFixed(2)} s`;
