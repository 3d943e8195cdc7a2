// The cluster in which people make their mistakes: pods that are well, pods that are not, a chain, an S3 server, and what the chart renders.
import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { agentPortName, type NodeTask } from '@nodetask/shared';
import { parse } from 'yaml';
import { startChain } from '../../src/chain.ts';
import type { Chain } from '../../src/chain.ts';
import { startCluster } from '../../src/cluster.ts';
import type { AgentPodOptions, Cluster } from '../../src/cluster.ts';
import { startFaultProxy, targetOf } from '../../src/fault-proxy.ts';
import type { FaultProxy } from '../../src/fault-proxy.ts';
import { helmAlone } from '../../src/helm.ts';
import type { KubeObject } from '../../src/kube/kube-client.ts';
import { waitForObject } from '../../src/kube/wait-for-object.ts';
import { freePort } from '../../src/net/free-port.ts';
import { projectPath } from '../../src/paths.ts';
import { agentPodManifest } from '../../src/pods/agent-pod-manifest.ts';
import { fillVolume, whyNoVolume } from '../../src/process/small-volume.ts';
import { startS3 } from '../../src/s3.ts';
import type { S3Server } from '../../src/s3.ts';

export const namespace = 'sei';
export const chainId = 'pacific-1';
export const bucket = 'sei-snapshots';

/** The values with which the chart is rendered. */
const values = ['agentNamespaces={sei}', 'agentServiceAccounts={nodetask-agent}', 'watchWarning=true'];

/** What `helm template` makes of templates of the chart. */
export const renderChart = async (...templates: readonly string[]): Promise<string> => {
  const { code, stdout, stderr } = await helmAlone([
    'template',
    'nodetask',
    projectPath('charts', 'nodetask'),
    '--namespace=nodetask-system',
    ...values.flatMap((value) => ['--set', value]),
    ...templates.flatMap((template) => ['--show-only', `templates/${template}.yaml`]),
  ]);
  if (code !== 0) throw new Error(stderr);
  return stdout;
};

export interface World extends AsyncDisposable {
  readonly cluster: Cluster;
  readonly chain: Chain;
  readonly s3: S3Server;
  /** A node that takes connections and never answers. */
  readonly silentRPC: string;
  /** Where nothing listens. */
  readonly closedRPC: string;
  /** The webhook of the chart, at the operator. Not before the pods of this world are there: they have agents of their own. */
  installWebhook(): Promise<void>;
}

export const startWorld = async (): Promise<World> => {
  await using parts = new AsyncDisposableStack();
  const [chain, s3] = await Promise.all([startChain({ chainId }), startS3({ buckets: [bucket] })]);
  parts.use(chain);
  parts.use(s3);
  const silent = await startFaultProxy({ target: targetOf(chain.validator.rpcUrl), mode: { kind: 'stall' } });
  parts.defer(async () => silent.close());
  const cluster = parts.use(
    await startCluster({
      namespace,
      tls: true,
      operator: { namespace, leaderElect: false, args: ['--webhook-name', 'nodetask', '--agent-image', 'nodetask:1'] },
    }),
  );
  await cluster.controlPlane.createNamespace('osmosis');
  await cluster.admin.applyYaml(await renderChart('warn-unwatched', 'warn-may-not-report'));
  await makePods({ cluster, chain, s3, silent });
  await makeSnapshots(cluster, s3);
  const all = parts.move();
  return {
    cluster,
    chain,
    s3,
    silentRPC: silent.url('http'),
    closedRPC: `http://127.0.0.1:${await freePort()}`,
    installWebhook: async () => installWebhook(cluster),
    [Symbol.asyncDispose]: async () => all.disposeAsync(),
  };
};

interface Parts {
  readonly cluster: Cluster;
  readonly chain: Chain;
  readonly s3: S3Server;
  readonly silent: FaultProxy;
}

const goodAgent = ({ chain, s3 }: Parts) => ({
  env: s3.environment,
  allowHosts: ['127.0.0.1', new URL(chain.validator.rpcUrl).hostname],
});

const makePods = async (parts: Parts): Promise<void> => {
  const { cluster } = parts;
  const good = goodAgent(parts);
  const create = async (name: string, options: AgentPodOptions = good) => cluster.createAgentPod(name, options);
  await cluster.admin.apply({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'sei-node', namespace } });
  const plain = agentPodManifest(namespace, 'plain-0', {}, {});
  await cluster.admin.create({ ...plain, metadata: { name: 'plain-0', namespace, labels: { app: 'sei-plain' } } });
  const fleet = { ...good, labels: { app: 'sei-fleet' } };
  await Promise.all([
    create('sei-rpc-0', { ...good, labels: { app: 'sei-rpc' } }).then(async (agent) => fillHome(parts, agent.home)),
    create('atlantic-0').then(async (agent) => writeGenesis(agent.home, 'atlantic-2')),
    create('strict-0', {}),
    create('gated-0', { ...good, spec: { serviceAccountName: 'sei-node' } }),
    create('nocreds-0', { ...good, env: { AWS_EC2_METADATA_DISABLED: 'true' } }),
    ...(whyNoVolume() === undefined ? [create('full-0', { ...good, volumeMiB: 8 })] : []),
    create('fleet-0', fleet),
    ...['fleet-1', 'fleet-2'].map(async (name) => fillHome(parts, (await create(name, fleet)).home)),
  ]);
  const [hung, down, noImage] = await Promise.all(['hung-0', 'down-0', 'noimage-0'].map(async (name) => create(name)));
  if (whyNoVolume() === undefined) {
    const full = cluster.agent('full-0');
    fillVolume(full.process.pid, full.home);
  }
  hung?.process.pause();
  await down?.kill();
  await noImage?.kill();
  await setWaiting(cluster, 'noimage-0', 'ImagePullBackOff', 'Back-off pulling image');
};

const writeGenesis = async (home: string, id: string): Promise<void> => {
  await mkdir(join(home, 'config'), { recursive: true });
  await writeFile(join(home, 'config', 'genesis.json'), JSON.stringify({ chain_id: id, app_state: {} }));
};

/** A node with a configuration, and two snapshots, of which the older is whole. */
const fillHome = async ({ chain }: Parts, home: string): Promise<void> => {
  await writeGenesis(home, chainId);
  await copyFile(chain.validator.configFile, join(home, 'config', 'config.toml'));
  for (const height of [100, 200]) {
    const folder = join(home, 'data', 'snapshots', String(height));
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, 'chunk'), `snapshot of ${height}`);
  }
};

/** What a kubelet writes of a container whose image it cannot get. */
const setWaiting = async ({ admin }: Cluster, pod: string, reason: string, message: string): Promise<void> => {
  const path = `/api/v1/namespaces/${namespace}/pods/${pod}`;
  const found = await admin.get<KubeObject & { spec: { containers: { name: string; ports?: { name?: string }[] }[] } }>(
    path,
  );
  const name = found?.spec.containers.find(({ ports }) => ports?.some((port) => port.name === agentPortName))?.name;
  const image = 'nodetask/nodetask-agent:0.1.0';
  const state = { waiting: { reason, message } };
  await admin.request({
    method: 'PATCH',
    path: `${path}/status`,
    body: {
      status: { containerStatuses: [{ name, image, imageID: '', ready: false, restartCount: 0, state }] },
    },
    contentType: 'application/merge-patch+json',
  });
};

/** Under `uploads` what a task has uploaded, under `unknown` the same without a manifest, under `huge` one that no volume takes. */
const makeSnapshots = async (cluster: Cluster, s3: S3Server): Promise<void> => {
  const params = { ...s3.params(bucket), prefix: 'uploads' };
  await cluster.applyNodeTask('upload', { type: 'snapshot-upload', target: { podName: 'sei-rpc-0' }, params });
  await cluster.untilNodeTask<NodeTask>('upload', (nodeTask) => nodeTask?.status?.phase === 'Succeeded', {
    what: 'the upload to succeed',
    timeoutMs: 60_000,
  });
  const archive = await s3.files.get(bucket, 'uploads/100.tar.gz');
  const manifest = JSON.parse((await s3.files.get(bucket, 'uploads/100.manifest.json')).toString()) as object;
  const huge = { ...manifest, key: 'huge/100.tar.gz', unpackedBytes: 8_000_000_000_000 };
  await s3.files.put(bucket, 'huge/100.manifest.json', JSON.stringify(huge));
  for (const prefix of ['huge', 'unknown']) {
    await s3.files.put(bucket, `${prefix}/100.tar.gz`, archive);
    await s3.files.put(bucket, `${prefix}/latest.txt`, '100');
  }
};

const webhookName = 'nodetask';

const installWebhook = async (cluster: Cluster): Promise<void> => {
  const webhook = parse(await renderChart('webhook')) as KubeObject & { webhooks: { clientConfig: object }[] };
  await cluster.admin.apply({
    ...webhook,
    webhooks: webhook.webhooks.map((one) => ({
      ...one,
      clientConfig: { url: `${cluster.operator.secureUrl}/mutate-pods` },
    })),
  });
  await waitForObject<{ webhooks: { clientConfig: { caBundle?: string } }[] }>(
    cluster.admin,
    `/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/${webhookName}`,
    (object) => object?.webhooks[0]?.clientConfig.caBundle !== undefined,
    { what: 'the operator to put its CA into the webhook', timeoutMs: 60_000 },
  );
};
