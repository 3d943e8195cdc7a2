import { once } from 'node:events';
import { randomBytes } from 'node:crypto';
import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { agentPort } from '@nodetask/shared';
import {
  agentPodManifest,
  bindAgents,
  type ControlPlane,
  freeLoopbackAddress,
  installCustomResources,
  installRights,
  type KubeObject,
  startControlPlane,
} from '@nodetask/testbed';
import type { HostSettings } from './agents-host.ts';
import { forAll } from './for-all.ts';

const operatorNamespace = 'nodetask-system';
const atOnce = 32;

export interface ScaleOptions {
  readonly agents: number;
  /** With those of the agents. */
  readonly pods: number;
}

/** A real control plane with many pods, of which some have a real agent, all in one process. */
export class ScaleCluster implements AsyncDisposable {
  readonly namespace = 'scale';
  readonly controlPlane: ControlPlane;
  readonly operatorNamespace = operatorNamespace;
  readonly operatorKubeconfig: string;
  readonly agentTokenFile: string;
  /** Names of the pods with an agent. */
  readonly targets: readonly string[];
  readonly #host: ChildProcess;

  private constructor(
    controlPlane: ControlPlane,
    files: { readonly kubeconfig: string; readonly token: string },
    targets: readonly string[],
    host: ChildProcess,
  ) {
    this.controlPlane = controlPlane;
    this.operatorKubeconfig = files.kubeconfig;
    this.agentTokenFile = files.token;
    this.targets = targets;
    this.#host = host;
  }

  static async start(options: ScaleOptions): Promise<ScaleCluster> {
    const controlPlane = await startControlPlane({ controllerManager: false });
    try {
      return await ScaleCluster.#fill(controlPlane, options);
    } catch (error) {
      await controlPlane.stop();
      throw error;
    }
  }

  /** The client of system:masters. */
  get admin(): ControlPlane['admin'] {
    return this.controlPlane.admin;
  }

  get hostPID(): number | undefined {
    return this.#host.pid;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const exited = this.#host.exitCode === null ? once(this.#host, 'exit') : undefined;
    this.#host.kill('SIGTERM');
    await exited;
    await this.controlPlane.stop();
  }

  static async #fill(controlPlane: ControlPlane, { agents, pods }: ScaleOptions): Promise<ScaleCluster> {
    const { admin, folder } = controlPlane;
    const namespace = 'scale';
    await installCustomResources(admin);
    for (const name of [operatorNamespace, namespace]) await controlPlane.createNamespace(name);
    await installRights(admin);
    await bindAgents(admin, namespace);
    const tokenFile = join(folder, 'agent-token');
    await writeFile(tokenFile, randomBytes(24).toString('hex'), { mode: 0o600 });
    const running = await createPods(controlPlane, namespace, agents, pods);
    const { hostname, port } = new URL(controlPlane.server);
    const host = await startHost({
      folder: join(folder, 'homes'),
      namespace,
      apiServer: { host: hostname, port: Number(port) },
      serviceAccountFolder: await serviceAccountFolder(controlPlane, namespace),
      tokenFile,
      agentPort,
      pods: running,
    });
    const { token } = await controlPlane.serviceAccountToken({
      namespace: operatorNamespace,
      serviceAccount: 'nodetask-operator',
      expirationSeconds: 86_400,
    });
    const kubeconfig = await controlPlane.kubeconfig('operator', { token, namespace: operatorNamespace });
    const targets = running.map(({ name }) => name);
    return new ScaleCluster(controlPlane, { kubeconfig, token: tokenFile }, targets, host);
  }
}

/** Pods that run; the first ones are to have an agent. */
const createPods = async (
  { admin }: ControlPlane,
  namespace: string,
  agents: number,
  pods: number,
): Promise<HostSettings['pods']> => {
  const running: { name: string; uid: string; address: string }[] = [];
  await forAll(Array(pods).keys(), atOnce, async (number) => {
    const name = `sei-${String(number)}`;
    const pod: KubeObject = await admin.create(agentPodManifest(namespace, name, { app: 'sei' }, {}));
    const address = await freeLoopbackAddress(agentPort);
    await admin.request({
      method: 'PATCH',
      path: `/api/v1/namespaces/${namespace}/pods/${name}/status`,
      contentType: 'application/merge-patch+json',
      body: { status: { phase: 'Running', podIP: address, podIPs: [{ ip: address }] } },
    });
    if (number < agents) running.push({ name, uid: pod.metadata.uid ?? '', address });
  });
  return running;
};

/** One for all agents: they have the same rights. */
const serviceAccountFolder = async (controlPlane: ControlPlane, namespace: string): Promise<string> => {
  const folder = join(controlPlane.folder, 'agent-account');
  await mkdir(folder, { mode: 0o700 });
  const { token } = await controlPlane.serviceAccountToken({
    namespace,
    serviceAccount: 'nodetask-agent',
    expirationSeconds: 86_400,
  });
  await writeFile(join(folder, 'token'), token, { mode: 0o600 });
  await writeFile(join(folder, 'namespace'), namespace);
  await copyFile(controlPlane.caFile, join(folder, 'ca.crt'));
  return folder;
};

const startHost = async (settings: HostSettings): Promise<ChildProcess> => {
  const program = fileURLToPath(new URL('agents-host.ts', import.meta.url));
  const host = spawn(process.execPath, ['--conditions=nodetask-source', program, JSON.stringify(settings)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const lines = createInterface({ input: host.stdout });
  const ended = once(host, 'exit').then(([code]) => {
    throw new Error(`the agents ended with ${String(code)} before they listened`);
  });
  await Promise.race([once(lines, 'line'), ended]);
  // From here on its end is that of the benchmark.
  ended.catch(() => undefined);
  return host;
};
