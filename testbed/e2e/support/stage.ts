// A cluster with NodeTask installed from its chart and its images, an S3 server, and volumes for the nodes of a chain that nobody has started.
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { NodeTask } from '@nodetask/shared';
import { ChainRpc } from '../../src/chain/chain-rpc.ts';
import { helm } from '../../src/helm.ts';
import { waitForObject } from '../../src/kube/wait-for-object.ts';
import { projectPath } from '../../src/paths.ts';
import { isReady, type Pod } from '../../src/pods/pod.ts';
import { mustRun } from '../../src/process/run-command.ts';
import { findProgram } from '../../src/programs/find-program.ts';
import { startRealNode } from '../../src/real-node/real-node.ts';
import type { RealNode } from '../../src/real-node/real-node.ts';
import { S3Files } from '../../src/s3/s3-files.ts';
import { loadImages } from './images.ts';
import { processOf } from './processes.ts';
import { giveToPods, makeVolume } from './volume.ts';

export const operatorNamespace = 'nodetask-system';
export const namespace = 'chain';
export const chainId = 'e2e-1';
/** Of manifests/s3.yaml. */
export const s3Access = {
  accessKey: 'e2e',
  secretKey: 'secret-of-the-end-to-end-tests',
  region: 'us-east-1',
} as const;
const s3Endpoint = 'http://s3.chain.svc.cluster.local:7070';

/** The members of a task's params that lead to the S3 server. */
export const s3Params = { region: s3Access.region, endpoint: s3Endpoint, forcePathStyle: true } as const;

/** Values of the chart: an image that `npm run images` has built. */
const imageValues = (program: 'agent' | 'operator'): string =>
  `${program}.image.repository=localhost/nodetask-${program},${program}.image.pullPolicy=Never`;

const isOver = ({ status }: NodeTask): boolean =>
  status?.conditions?.some((condition) => condition.type === 'Finished' && condition.status === 'True') ?? false;

export class Stage implements AsyncDisposable {
  readonly node: RealNode;
  /** By the name of the pod. */
  readonly #homes = new Map<string, string>();

  private constructor(node: RealNode) {
    this.node = node;
  }

  static async start(): Promise<Stage> {
    const stage = new Stage(await startRealNode());
    try {
      await loadImages(stage.node);
      await stage.applyFile('s3.yaml');
      return stage;
    } catch (error) {
      await stage.node.stop();
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.node.stop();
  }

  /** Applies a file of e2e/manifests. */
  async applyFile(name: string): Promise<void> {
    const text = await readFile(projectPath('testbed', 'e2e', 'manifests', name), 'utf8');
    await this.node.controlPlane.admin.applyYaml(text);
  }

  /** Installs the chart with the images that were built, and waits until the operator is ready. */
  async install(): Promise<void> {
    const release = ['install', 'nodetask', projectPath('charts', 'nodetask'), '--namespace', operatorNamespace];
    const values = [`agentNamespaces={${namespace}}`, imageValues('operator'), imageValues('agent')];
    const { code, stdout, stderr } = await helm(this.node.controlPlane, [
      ...release,
      '--create-namespace',
      '--wait',
      '--timeout=3m',
      ...values.map((value) => `--set=${value}`),
    ]);
    if (code !== 0) throw new Error(`helm install ended with code ${String(code)}:\n${stdout}${stderr}`);
  }

  async uninstall(): Promise<void> {
    const release = ['uninstall', 'nodetask', '--namespace', operatorNamespace, '--wait', '--timeout=3m'];
    const { code, stdout, stderr } = await helm(this.node.controlPlane, release);
    if (code !== 0) throw new Error(`helm uninstall ended with code ${String(code)}:\n${stdout}${stderr}`);
  }

  /** Makes the homes of the pods as `cometbft init` leaves them, but without a genesis; answers the genesis of the first. */
  async makeHomes(pods: readonly string[]): Promise<string> {
    const cometbft = await findProgram('cometbft');
    let genesis = '';
    for (const pod of pods) {
      const home = await makeVolume(this.node, `data-${pod}`);
      await mustRun(cometbft, ['init', '--home', home]);
      const file = join(home, 'config', 'genesis.json');
      if (genesis === '') genesis = await readFile(file, 'utf8');
      await rm(file);
      await giveToPods(home);
      this.#homes.set(pod, home);
    }
    return genesis;
  }

  /** Waits for a state of a pod. */
  async untilPod(name: string, what: string, condition: (pod: Pod) => boolean, timeoutMs = 120_000): Promise<Pod> {
    const pod = await waitForObject<Pod>(
      this.node.controlPlane.admin,
      `/api/v1/namespaces/${namespace}/pods/${name}`,
      (object) => object !== undefined && condition(object),
      { what: `pod ${name} ${what}`, timeoutMs },
    );
    if (pod === undefined) throw new Error(`pod ${name} is gone`);
    return pod;
  }

  async untilPodIsReady(name: string): Promise<Pod> {
    return this.untilPod(name, 'to be Ready', isReady);
  }

  /** The RPC of the node in a pod, which must be Ready. */
  async rpcOf(name: string): Promise<ChainRpc> {
    const pod = await this.untilPodIsReady(name);
    return new ChainRpc(`http://${pod.status?.podIP ?? ''}:26657`);
  }

  async applyTask(name: string, spec: Readonly<Record<string, unknown>>): Promise<void> {
    await this.node.controlPlane.admin.apply({
      apiVersion: 'nodetask.dev/v1alpha1',
      kind: 'NodeTask',
      metadata: { name, namespace },
      spec,
    });
  }

  /** Waits for a state of a NodeTask. */
  async untilTask(
    name: string,
    what: string,
    condition: (task: NodeTask) => boolean,
    timeoutMs = 120_000,
  ): Promise<NodeTask> {
    const task = await waitForObject<NodeTask>(
      this.node.controlPlane.admin,
      `/apis/nodetask.dev/v1alpha1/namespaces/${namespace}/nodetasks/${name}`,
      (object) => object !== undefined && condition(object),
      { what: `NodeTask ${name} ${what}`, timeoutMs },
    );
    if (task === undefined) throw new Error(`NodeTask ${name} is gone`);
    return task;
  }

  /** Waits until a NodeTask has succeeded; throws at once where it has failed. */
  async untilSucceeded(name: string): Promise<NodeTask> {
    const task = await this.untilTask(name, 'to finish', isOver);
    if (task.status?.phase !== 'Succeeded')
      throw new Error(`NodeTask ${name} ended as ${JSON.stringify(task.status, undefined, 1)}`);
    return task;
  }

  /** Has tasks give a node its peers, and open its gate; waits until the node is Ready. */
  async joinChain(pod: string, peers: readonly string[], { stateSync = false } = {}): Promise<void> {
    const target = { podName: pod };
    const hosts = peers.map((peer) => ({ type: 'dns', hostname: `${peer}.node.${namespace}.svc.cluster.local` }));
    await this.applyTask(`peers-${pod}`, { type: 'discover-peers', target, params: { sources: hosts } });
    const prepared = [`peers-${pod}`];
    if (stateSync) {
      prepared.push(`sync-${pod}`);
      await this.applyTask(`sync-${pod}`, {
        type: 'configure-state-sync',
        target,
        dependsOn: [`peers-${pod}`],
        params: { trustHeightOffset: 100, trustPeriod: '168h0m0s' },
      });
    }
    await this.applyTask(`ready-${pod}`, { type: 'mark-ready', target, dependsOn: prepared });
    for (const name of [...prepared, `ready-${pod}`]) await this.untilSucceeded(name);
    await this.untilPodIsReady(pod);
  }

  /** The folder of a pod's volume. */
  homeOf(pod: string): string {
    const home = this.#homes.get(pod);
    if (home === undefined) throw new Error(`pod ${pod} has no home`);
    return home;
  }

  /** Number of the S3 server's process. */
  async s3Process(): Promise<number> {
    const list = await this.node.controlPlane.admin.get<{ readonly items: readonly Pod[] }>(
      `/api/v1/namespaces/${namespace}/pods?labelSelector=app%3Ds3`,
    );
    return processOf(list?.items[0]?.metadata.uid ?? '', '/bin/s3');
  }

  /** A client of the S3 server, from where the test runs. */
  async s3(): Promise<S3Files> {
    const { admin } = this.node.controlPlane;
    await waitForObject<{ readonly status?: { readonly availableReplicas?: number } }>(
      admin,
      `/apis/apps/v1/namespaces/${namespace}/deployments/s3`,
      (deployment) => deployment?.status?.availableReplicas === 1,
      { what: 'the S3 server to be available', timeoutMs: 60_000 },
    );
    const service = await admin.get<{ readonly spec: { readonly clusterIP: string } }>(
      `/api/v1/namespaces/${namespace}/services/s3`,
    );
    return new S3Files({ ...s3Access, endpoint: `http://${service?.spec.clusterIP ?? ''}:7070` });
  }
}
