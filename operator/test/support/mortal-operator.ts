import { systemClock } from '@nodetask/runtime';
import { agentLabel, agentLabelValue, type NodeTask, silentLogger } from '@nodetask/shared';
import type { Cluster } from '@nodetask/testbed';
import { type AgentCalls, AgentClient } from '../../src/agents/agent-client.ts';
import { AgentHTTP } from '../../src/agents/agent-http.ts';
import { type AgentPod, toAgentPod } from '../../src/agents/agent-pod.ts';
import { AgentToken } from '../../src/agents/agent-token.ts';
import { byNamespace, nodeTaskIndexers } from '../../src/controller/cluster-view.ts';
import { Controller } from '../../src/controller/controller.ts';
import { nodeTasks } from '../../src/controller/node-tasks.ts';
import { readNodeTask } from '../../src/controller/read-node-task.ts';
import { waitForSync } from '../../src/kube/informer-health.ts';
import { noKubeMetrics } from '../../src/kube/kube-metrics.ts';
import type { KubeRequest, KubeTransport } from '../../src/kube/kube-transport.ts';
import { loadKubeConfig } from '../../src/kube/load-kube-config.ts';
import { Reflector } from '../../src/kube/reflector.ts';
import { pods } from '../../src/kube/resource-type.ts';
import { RisingFence } from '../../src/kube/testing/fences.ts';
import { Transport } from '../../src/kube/transport.ts';

/** Something that the operator did and that lasts. */
export interface Step {
  /** `dispatch sei-0`, `remove sei-0`, `write status`, `write finalizer`. */
  readonly what: string;
  /** Task id of a call to an agent. */
  readonly taskID?: string;
}

/** The operator died, as the test asked. */
class Death extends Error {
  override readonly name = 'Death';
}

export interface Life {
  readonly steps: readonly Step[];
  readonly died: boolean;
}

/**
 * The operator's controller in this process, on the real API server and with real agents, that dies after a number of steps: the
 * step has its effect, its answer is never seen, and nothing in memory survives.
 */
export class MortalOperator {
  readonly #cluster: Cluster;
  #fence = 0;

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
  }

  /**
   * One life: until it dies after `dieAfter` steps, or until `until` resolves.
   * @returns the steps of this life, in their order.
   */
  async live(dieAfter: number, until: (signal: AbortSignal) => Promise<unknown>): Promise<Life> {
    const life = new AbortController();
    const steps: Step[] = [];
    const step = async <T>(taken: Step, effect: () => Promise<T>): Promise<T> => {
      if (life.signal.aborted) throw life.signal.reason;
      const result = await effect();
      steps.push(taken);
      if (steps.length >= dieAfter) life.abort(new Death(`died after step ${steps.length}, ${taken.what}`));
      if (life.signal.aborted) throw life.signal.reason;
      return result;
    };

    // There is no Lease: each life has a higher fence than the ones before, and there is one at a time.
    this.#fence += 1;
    const fence = new RisingFence(this.#fence);
    const clock = systemClock;
    const base = { clock, random: Math.random, logger: silentLogger, metrics: noKubeMetrics };
    const access = await loadKubeConfig({ kubeconfig: await this.#cluster.operatorKubeconfig('mortal') });
    const transport = new Transport({ access, ...base });
    const http = new AgentHTTP({
      token: new AgentToken(this.#cluster.agentTokenFile, clock),
      fence,
      clock,
    });
    const shared = { transport: mortalTransport(transport, step), ...base, namespace: this.#cluster.namespace };
    const tasks = new Reflector<NodeTask>({
      ...shared,
      type: nodeTasks,
      transform: readNodeTask,
      indexers: nodeTaskIndexers,
    });
    const agentPods = new Reflector<AgentPod>({
      ...shared,
      type: pods,
      labelSelector: `${agentLabel}=${agentLabelValue}`,
      transform: toAgentPod,
      indexers: byNamespace,
    });
    const events = { event: () => undefined };
    const controller = new Controller({ ...shared, nodeTasks: [tasks], pods: [agentPods], events, concurrency: 4 });
    const mirrors = [tasks, agentPods].map(async (mirror) => mirror.run(life.signal));
    try {
      await waitForSync([tasks, agentPods], { clock, logger: silentLogger, signal: life.signal });
      const agents = mortalAgents(new AgentClient(http), step);
      const drain = new AbortController();
      const working = controller.run(agents, {
        fence,
        signal: life.signal,
        drain: drain.signal,
      });
      await Promise.race([working, until(life.signal).catch(ifAlive(life.signal))]);
      drain.abort(new Error('this life is over'));
      await working;
      return { steps, died: life.signal.aborted };
    } finally {
      life.abort(new Error('this life is over'));
      await Promise.all(mirrors);
      await http.close();
      await transport.close();
    }
  }
}

/** What fails because the operator died is no failure. */
const ifAlive =
  (signal: AbortSignal) =>
  (error: unknown): void => {
    if (!signal.aborted) throw error;
  };

type TakeStep = <T>(step: Step, effect: () => Promise<T>) => Promise<T>;

const mortalTransport = (transport: KubeTransport, step: TakeStep): KubeTransport => ({
  stream: async (request) => transport.stream(request),
  request: async <T>(request: KubeRequest): Promise<T> => {
    if (request.method === 'GET') return transport.request<T>(request);
    const what = request.path.endsWith('/status') ? 'write status' : 'write finalizer';
    return step({ what }, async () => transport.request<T>(request));
  },
});

const mortalAgents = (agents: AgentClient, step: TakeStep): AgentCalls => ({
  submit: async (pod, request, signal) =>
    step({ what: `dispatch ${pod.metadata.name}`, taskID: request.id }, async () =>
      agents.submit(pod, request, signal),
    ),
  read: async (pod, id, signal) => agents.read(pod, id, signal),
  reschedule: async (pod, id, update, signal) =>
    step({ what: `reschedule ${pod.metadata.name}`, taskID: id }, async () =>
      agents.reschedule(pod, id, update, signal),
    ),
  remove: async (pod, id, signal) =>
    step({ what: `remove ${pod.metadata.name}`, taskID: id }, async () => agents.remove(pod, id, signal)),
});
