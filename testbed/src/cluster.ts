// Everything together: control plane, CRD, RBAC, fake kubelet, agents as processes of their pods, and the operator.
import { randomBytes } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { AgentProcess, AgentSettings } from './agent-process.ts';
import { issuedByOperator, issuedByTestbed } from './cluster-tls.ts';
import type { ClusterTls } from './cluster-tls.ts';
import { startControlPlane } from './control-plane.ts';
import type { ControlPlane } from './control-plane.ts';
import type { ControlPlaneOptions } from './control-plane/parts.ts';
import { startFaultProxy, targetOf } from './fault-proxy.ts';
import type { FaultProxy } from './fault-proxy.ts';
import { bindAgents, installAdmissionPolicy, installCustomResources, installRights } from './kube/install.ts';
import { waitForObject } from './kube/wait-for-object.ts';
import type { KubeClient, KubeObject } from './kube/kube-client.ts';
import { FakeKubelet } from './kubelet.ts';
import { freePort } from './net/free-port.ts';
import { OperatorProcess } from './operator-process.ts';
import type { OperatorSettings } from './operator-process.ts';
import { agentPodManifest } from './pods/agent-pod-manifest.ts';
import { launchAgent } from './pods/launch-agent.ts';
import { agentPortOf, podKey, podPath } from './pods/pod.ts';
import type { Pod } from './pods/pod.ts';
import { untilPodIsGone, untilPodIsReady, untilPodRuns } from './pods/pod-states.ts';
import type { Workload } from './pods/pod-worker.ts';
import { waitFor } from './wait.ts';

const READY_TIMEOUT_MS = 30_000;
/** That of deploy/. */
const OPERATOR_NAMESPACE = 'nodetask-system';
const OPERATOR_ACCOUNT = 'nodetask-operator';

export interface ClusterOptions {
  /** Where createAgentPod() makes its pods (default nodetask-test). It is made, with the agents' service account. */
  readonly namespace?: string;
  /** false: nothing of NodeTask is installed, and no operator started; the test does both (default true). */
  readonly install?: boolean;
  /** false: no operator is started (default: one, with leader election). */
  readonly operator?: OperatorSettings | false;
  /** Settings of the agents of pods that were not made by createAgentPod(), for instance a StatefulSet's. */
  readonly agentSettings?: (pod: { readonly namespace: string; readonly name: string }) => AgentSettings;
  /**
   * Puts a fault proxy between the API server and the operator, one between it and the agents, and one before each agent, at the address of
   * its pod; with `tls` one before the first operator's HTTPS server, too (default false). TLS passes through all of them.
   */
  readonly faultProxies?: boolean;
  /**
   * Agents are called by HTTPS, by who has the operator's certificate (default false: by HTTP, with a bearer token). The first operator issues
   * their certificates; with `operator: false` they come from a CA of the testbed, in files, and operators that are started later find that
   * CA in the Secret, as one that somebody else has put there.
   */
  readonly tls?: boolean;
  /** https://host:port of the operators that the test installs; with `install: false` and `tls`. */
  readonly operatorUrl?: string;
  /** The chart's policy of who writes what into status (default true: everything must work under it). */
  readonly admissionPolicy?: boolean;
  readonly controlPlane?: ControlPlaneOptions;
  /** Progress and trouble, one line each (default: nothing). */
  readonly log?: (line: string) => void;
}

export interface AgentPodOptions extends AgentSettings {
  readonly labels?: Readonly<Record<string, string>>;
  /** Members of the pod's spec over those that the testbed makes. */
  readonly spec?: Readonly<Record<string, unknown>>;
}

/** Starts everything; what is up is stopped again if a part fails. */
export async function startCluster(options: ClusterOptions = {}): Promise<Cluster> {
  const controlPlane = await startControlPlane(options.controlPlane);
  const cluster = new Cluster(controlPlane, options);
  try {
    await cluster.start();
    return cluster;
  } catch (error) {
    await cluster.stop();
    throw error;
  }
}

export class Cluster implements AsyncDisposable {
  readonly controlPlane: ControlPlane;
  readonly namespace: string;
  /** The bearer token of all agents; without `tls`. */
  readonly agentToken = randomBytes(24).toString('hex');
  readonly #options: ClusterOptions;
  readonly #log: (line: string) => void;
  readonly #agentSettings = new Map<string, AgentSettings>();
  readonly #agents = new Map<string, AgentProcess>();
  readonly #operators: OperatorProcess[] = [];
  #kubelet: FakeKubelet | undefined;
  #operatorProxy: FaultProxy | undefined;
  #agentProxy: FaultProxy | undefined;
  #tls: ClusterTls | undefined;
  readonly #podProxies = new Map<string, FaultProxy>();
  #operatorToken = '';

  /** Use startCluster(). */
  constructor(controlPlane: ControlPlane, options: ClusterOptions) {
    this.controlPlane = controlPlane;
    this.namespace = options.namespace ?? 'nodetask-test';
    this.#options = options;
    this.#log = options.log ?? (() => undefined);
  }

  /** The client of system:masters. */
  get admin(): KubeClient {
    return this.controlPlane.admin;
  }

  /** The operator that startCluster() started. */
  get operator(): OperatorProcess {
    return required(this.#operators[0], 'the cluster was started with `operator: false`');
  }

  /** Between the operator and the API server; only with `faultProxies`. */
  get operatorProxy(): FaultProxy {
    return required(this.#operatorProxy, 'the cluster was started without `faultProxies`');
  }

  /** Between the agents and the API server; only with `faultProxies`. */
  get agentProxy(): FaultProxy {
    return required(this.#agentProxy, 'the cluster was started without `faultProxies`');
  }

  /** Between the agents and the first operator's HTTPS server; only with `faultProxies` and `tls`. */
  get enrollProxy(): FaultProxy {
    return required(this.#tls?.enrollProxy, 'the cluster was started without `faultProxies`, `tls` or an operator');
  }

  /** Before the agent of a pod that runs, at the pod's address: between it and the operator; only with `faultProxies`. */
  podProxy(name: string, namespace = this.namespace): FaultProxy {
    return required(
      this.#podProxies.get(`${namespace}/${name}`),
      `no fault proxy is before a pod ${namespace}/${name}`,
    );
  }

  /** File with the bearer token of all agents; with `tls` they take none. */
  get agentTokenFile(): string {
    return join(this.controlPlane.folder, 'agent-token');
  }

  async start(): Promise<void> {
    const { controlPlane } = this;
    await writeFile(this.agentTokenFile, this.agentToken, { mode: 0o600 });
    await mkdir(join(controlPlane.folder, 'logs'));
    if (this.#options.faultProxies === true) {
      this.#operatorProxy = await startFaultProxy({ target: targetOf(controlPlane.server) });
      this.#agentProxy = await startFaultProxy({ target: targetOf(controlPlane.server) });
    }
    if (this.#options.install === false) await controlPlane.createNamespace(this.namespace);
    else await this.#install();
    if (this.#options.tls === true) this.#tls = await this.#startTls();
    this.#kubelet = new FakeKubelet({
      client: this.admin,
      startWorkload: async (pod, ip) => this.#startAgent(pod, ip),
      log: this.#log,
    });
    if (this.#options.operator !== false && this.#options.install !== false)
      await this.startOperator(this.#options.operator);
  }

  /** Stops everything: operators, agents, control plane; and removes all files. */
  async stop(): Promise<void> {
    const errors: unknown[] = [];
    const attempt = async (end: () => Promise<unknown>): Promise<void> => {
      try {
        await end();
      } catch (error) {
        errors.push(error);
      }
    };
    await Promise.all(this.#operators.map(async (operator) => attempt(async () => operator.stop())));
    await attempt(async () => this.#kubelet?.stop());
    await attempt(async () => this.#operatorProxy?.close());
    await attempt(async () => this.#agentProxy?.close());
    await attempt(async () => this.#tls?.enrollProxy?.close());
    await attempt(async () => this.controlPlane.stop());
    if (errors.length > 0) throw new AggregateError(errors, `the cluster did not stop cleanly: ${errors.join('; ')}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  /** Makes a namespace in which pods may run agents: the service account `nodetask-agent` with its rights. */
  async addAgentNamespace(namespace: string): Promise<void> {
    await this.controlPlane.createNamespace(namespace);
    await bindAgents(this.admin, namespace);
  }

  /** One more operator (the first is started by startCluster unless told otherwise). It is ready when this resolves. */
  async startOperator(settings: OperatorSettings = {}): Promise<OperatorProcess> {
    const number = this.#operators.length + 1;
    const operator = new OperatorProcess({
      name: `nodetask-operator-${number}`,
      kubeconfig: await this.operatorKubeconfig(`operator-${number}`),
      agentTokenFile: this.agentTokenFile,
      healthPort: await freePort(),
      ...(this.#tls === undefined ? {} : { secure: await this.#tls.operatorSettings(number) }),
      logFile: join(this.controlPlane.folder, 'logs', `operator-${number}.log`),
      settings,
    });
    this.#operators.push(operator);
    await operator.start();
    return operator;
  }

  /** A kubeconfig of the operator's service account, for parts of it that a test runs by itself. */
  async operatorKubeconfig(name: string): Promise<string> {
    return this.controlPlane.kubeconfig(name, {
      token: this.#operatorToken,
      namespace: OPERATOR_NAMESPACE,
      ...(this.#operatorProxy === undefined ? {} : { server: this.#operatorProxy.url('https') }),
    });
  }

  /** Makes a pod with an agent and waits until the agent answers and the pod has its address. Ready comes with `mark-ready`. */
  async createAgentPod(name: string, options: AgentPodOptions = {}): Promise<AgentProcess> {
    const { labels, spec, ...settings } = options;
    this.#agentSettings.set(`${this.namespace}/${name}`, settings);
    await this.admin.create(agentPodManifest(this.namespace, name, labels ?? {}, spec ?? {}));
    return this.untilAgentLives(name);
  }

  /** Waits for a pod that exists, or will soon (a StatefulSet's), until its agent answers and its status says Running. */
  async untilAgentLives(name: string, namespace = this.namespace): Promise<AgentProcess> {
    const pod = await untilPodRuns(this.admin, { metadata: { namespace, name } });
    const agent = this.agent(name, namespace);
    if (agent.pod.uid !== pod?.metadata.uid)
      throw new Error(`the agent of ${namespace}/${name} belongs to an earlier pod`);
    await agent.untilLive();
    return agent;
  }

  /** Waits until the pod is Ready: its agent has done `mark-ready`, or lost it with `ready: false`. */
  async untilPodReady(name: string, ready = true, namespace = this.namespace): Promise<void> {
    await untilPodIsReady(this.admin, { metadata: { namespace, name } }, ready);
  }

  /** Deletes the pod and waits until it is gone and its agent has ended. The home stays. */
  async deletePod(name: string, namespace = this.namespace): Promise<void> {
    const path = podPath({ metadata: { namespace, name } });
    const agent = this.#agents.get(`${namespace}/${name}`);
    const pod = await this.admin.get<Pod>(path);
    if (pod === undefined) return;
    await this.admin.delete(path, { uid: pod.metadata.uid });
    await untilPodIsGone(this.admin, pod);
    await waitFor(() => agent?.process.running !== true, {
      what: `the agent of ${namespace}/${name} to end`,
      timeoutMs: READY_TIMEOUT_MS,
    });
  }

  /** The agent of a pod that runs. */
  agent(name: string, namespace = this.namespace): AgentProcess {
    return required(this.#agents.get(`${namespace}/${name}`), `no agent runs for a pod ${namespace}/${name}`);
  }

  get agents(): readonly AgentProcess[] {
    return [...this.#agents.values()];
  }

  /** Applies a NodeTask (server-side, as field manager `testbed`); without a namespace in the cluster's. */
  async applyNodeTask(
    name: string,
    spec: Readonly<Record<string, unknown>>,
    namespace = this.namespace,
  ): Promise<KubeObject> {
    return this.admin.apply({
      apiVersion: 'nodetask.dev/v1alpha1',
      kind: 'NodeTask',
      metadata: { name, namespace },
      spec,
    });
  }

  /** Watches a NodeTask until `condition` holds. */
  async untilNodeTask<T extends object = KubeObject>(
    name: string,
    condition: (nodeTask: T | undefined) => boolean,
    options: { readonly what: string; readonly timeoutMs?: number; readonly namespace?: string },
  ): Promise<T | undefined> {
    const { what, timeoutMs = READY_TIMEOUT_MS, namespace = this.namespace } = options;
    const path = `/apis/nodetask.dev/v1alpha1/namespaces/${namespace}/nodetasks/${name}`;
    return waitForObject<T>(this.admin, path, condition, { what, timeoutMs });
  }

  async #install(): Promise<void> {
    const { controlPlane } = this;
    await installCustomResources(this.admin);
    await controlPlane.createNamespace(OPERATOR_NAMESPACE);
    await installRights(this.admin);
    if (this.#options.admissionPolicy !== false) {
      await installAdmissionPolicy(this.admin, { namespace: OPERATOR_NAMESPACE, serviceAccount: OPERATOR_ACCOUNT });
    }
    await this.addAgentNamespace(this.namespace);
    this.#operatorToken = (
      await controlPlane.serviceAccountToken({
        namespace: OPERATOR_NAMESPACE,
        serviceAccount: OPERATOR_ACCOUNT,
        expirationSeconds: 86_400,
      })
    ).token;
  }

  async #startTls(): Promise<ClusterTls> {
    const { operator, operatorUrl } = this.#options;
    const start = operator === false ? issuedByTestbed : issuedByOperator;
    return start({
      ...(operatorUrl === undefined ? {} : { operatorUrl }),
      controlPlane: this.controlPlane,
      operatorNamespace: OPERATOR_NAMESPACE,
      faultProxies: this.#options.faultProxies === true,
      log: this.#log,
    });
  }

  async #startAgent(pod: Pod, ip: string): Promise<Workload> {
    const { controlPlane } = this;
    const { name, namespace } = pod.metadata;
    const key = podKey(pod);
    const podPort = agentPortOf(pod);
    const port = this.#options.faultProxies === true ? await freePort(ip) : podPort;
    const agent = await launchAgent(pod, ip, {
      port,
      controlPlane,
      apiServer: this.#agentProxy?.url('https') ?? controlPlane.server,
      guard:
        this.#tls === undefined
          ? { kind: 'token', token: this.agentToken, tokenFile: this.agentTokenFile }
          : { kind: 'tls', identities: this.#tls.identities },
      settings: this.#agentSettings.get(key) ?? this.#options.agentSettings?.({ namespace, name }) ?? {},
      log: this.#log,
    });
    this.#agents.set(key, agent);
    const proxy =
      port === podPort ? undefined : await startFaultProxy({ target: { host: ip, port }, host: ip, port: podPort });
    if (proxy !== undefined) this.#podProxies.set(key, proxy);
    const agents = this.#agents;
    const podProxies = this.#podProxies;
    return {
      scheme: this.#tls === undefined ? 'HTTP' : 'HTTPS',
      get starts() {
        return agent.starts;
      },
      async stop() {
        if (agents.get(key) === agent) agents.delete(key);
        await agent[Symbol.asyncDispose]();
        if (proxy === undefined) return;
        if (podProxies.get(key) === proxy) podProxies.delete(key);
        await proxy.close();
      },
    };
  }
}

function required<T>(value: T | undefined, message: string): T {
  if (value === undefined) throw new Error(message);
  return value;
}
