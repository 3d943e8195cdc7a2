import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { silentLogger } from '@nodetask/shared';
import { type ControlPlane, type KubeObject, startControlPlane, waitFor, waitForObject } from '@nodetask/testbed';
import { mutatePods } from '../src/injection/mutate-pods.ts';
import { settings } from '../src/injection/testing/node-pod.ts';
import { dryRun, type InjectedPod, initContainersOf, labelledPod, untilInjects } from './support/injected-pods.ts';
import { agentWebhook } from './support/webhook-configuration.ts';
import { WebhookServer } from './support/webhook-server.ts';

/** The webhook as a real API server calls it. */
let controlPlane: ControlPlane;
let server: WebhookServer;

const image = 'nodetask/nodetask-agent:0.1.0';
const project = (path: string): URL => new URL(`../../${path}`, import.meta.url);

before(async () => {
  controlPlane = await startControlPlane();
  server = await WebhookServer.start(controlPlane, [
    mutatePods({ settings: { ...settings, image }, logger: silentLogger }),
  ]);
  for (const namespace of ['sei', 'asking', 'docs', 'nodetask-system', 'kube-system'])
    await controlPlane.createNamespace(namespace);
  await controlPlane.admin.apply(agentWebhook(server));
  await untilInjects(controlPlane, 'sei', 'nodetask-agent');
});

after(async () => {
  await server.stop();
  await controlPlane.stop();
});

const create = (pod: KubeObject): Promise<InjectedPod> => controlPlane.admin.create(pod) as Promise<InjectedPod>;

const kubectl = (manifest: object, ...args: readonly string[]): ReturnType<ControlPlane['kubectl']> =>
  controlPlane.kubectl(['apply', '-f', '-', ...args], { input: JSON.stringify(manifest) });

const agentIn = (pod: InjectedPod): object | undefined =>
  pod.spec.initContainers?.find(({ name }) => name === 'nodetask-agent');

/** A StatefulSet as kubectl reads it. */
const toSet = async (yaml: string): Promise<StatefulSet> => {
  const { stdout, stderr } = await controlPlane.kubectl(['create', '--dry-run=client', '-o', 'json', '-f', '-'], {
    input: yaml,
  });
  assert.equal(stderr, '');
  return JSON.parse(stdout) as StatefulSet;
};

/** The example of docs/, with the agent by hand; and the same one that asks for it. */
const examples = async (): Promise<{ readonly byHand: StatefulSet; readonly asking: StatefulSet }> => {
  const text = await readFile(project('examples/pod-with-agent.yaml'), 'utf8');
  const byHand = await toSet(text);
  const asking = structuredClone(byHand);
  const { metadata, spec } = asking.spec.template;
  asking.metadata.namespace = 'asking';
  metadata.annotations = { 'nodetask.dev/volume-mounts': 'data:/sei', 'nodetask.dev/start-gate': 'true' };
  delete spec['initContainers'];
  delete spec['volumes'];
  return { byHand, asking };
};

interface StatefulSet extends KubeObject {
  readonly spec: {
    readonly template: {
      readonly metadata: { labels: object; annotations?: object };
      readonly spec: Record<string, unknown>;
    };
  };
}

const firstPodOf = async (set: StatefulSet): Promise<InjectedPod> => {
  await controlPlane.admin.create(set);
  const { namespace = '', name } = set.metadata;
  const path = `/api/v1/namespaces/${namespace}/pods/${name}-0`;
  const pod = await waitForObject<InjectedPod>(controlPlane.admin, path, (found) => found !== undefined, {
    what: `the StatefulSet ${namespace}/${name} to make its pod`,
    timeoutMs: 30_000,
  });
  assert.ok(pod);
  return pod;
};

/** The pod without what the API server makes up: the volume of the service account has a random name; and volumes have no order. */
const comparable = (pod: InjectedPod): InjectedPod => {
  const text = JSON.stringify(pod).replaceAll(/kube-api-access-\w+/g, 'kube-api-access');
  const { spec, ...rest } = JSON.parse(text) as InjectedPod;
  const volumes = spec.volumes?.toSorted((one, other) => one.name.localeCompare(other.name)) ?? [];
  return { ...rest, spec: { ...spec, volumes } };
};

test('the pod of a StatefulSet gets the very agent that the example has written out', { timeout: 60_000 }, async () => {
  const { byHand, asking } = await examples();
  const hand = comparable(await firstPodOf(byHand));
  const injected = comparable(await firstPodOf(asking));
  assert.equal(injected.metadata.annotations?.['nodetask.dev/injected'], settings.version);
  assert.ok(agentIn(injected));
  assert.deepEqual(agentIn(injected), agentIn(hand));
  assert.deepEqual(injected.spec, hand.spec);
});

test(
  'the agent stands before the init container of a node that begins with a restored snapshot',
  { timeout: 60_000 },
  async () => {
    const pod = await firstPodOf(await toSet(await readFile(project('examples/runbooks/sdk-node.yaml'), 'utf8')));
    assert.deepEqual(
      pod.spec.initContainers?.map(({ name }) => name),
      ['nodetask-agent', 'restore-state'],
    );
  },
);

test('a pod that gets its name from the API server gets its agent', { timeout: 60_000 }, async () => {
  const labels = { app: 'deployed', 'nodetask.dev/agent': 'enabled' };
  const { metadata, spec } = labelledPod('sei', 'unused');
  await controlPlane.admin.create({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'deployed', namespace: 'sei' },
    spec: {
      selector: { matchLabels: { app: 'deployed' } },
      template: { metadata: { labels, annotations: metadata.annotations }, spec },
    },
  });
  const pod = await waitFor(
    async () => {
      const path = '/api/v1/namespaces/sei/pods?labelSelector=app%3Ddeployed';
      return (await controlPlane.admin.request<{ items: InjectedPod[] }>({ method: 'GET', path })).items[0];
    },
    { what: 'the pod of the Deployment', timeoutMs: 30_000 },
  );
  assert.deepEqual(initContainersOf(pod), ['nodetask-agent']);
});

test('a pod without the label, or with an agent by hand, is none of its business', async () => {
  const calls = server.calls.length;
  const unlabelled = labelledPod('sei', 'unlabelled');
  delete unlabelled.metadata.labels;
  assert.equal((await create(unlabelled)).spec.initContainers, undefined);
  const own = { name: 'nodetask-agent', image: 'mine', restartPolicy: 'Always' };
  const byHand = await create(labelledPod('sei', 'by-hand', {}, { initContainers: [own] }));
  assert.equal(byHand.spec.initContainers?.[0]?.['image'], 'mine');
  assert.equal(
    byHand.spec.volumes?.some(({ name }) => name === 'nodetask-token'),
    false,
  );
  assert.equal(server.calls.length, calls);
});

test('the agent has a token also where the pod mounts none', async () => {
  const pod = await create(labelledPod('sei', 'no-token', {}, { automountServiceAccountToken: false }));
  assert.deepEqual(
    pod.spec.volumes?.map(({ name }) => name),
    ['data', 'nodetask-trust', 'nodetask-token', 'nodetask-api', 'nodetask-identity'],
  );
});

test('a pod on the network of its host has the port of the agent there', async () => {
  const spec = { hostNetwork: true, dnsPolicy: 'ClusterFirstWithHostNet' };
  const pod = await create(labelledPod('sei', 'on-host', { 'nodetask.dev/agent-port': '8777' }, spec));
  assert.deepEqual(pod.spec.initContainers?.[0]?.['ports'], [
    { name: 'nodetask', containerPort: 8777, hostPort: 8777, protocol: 'TCP' },
    { name: 'nodetask-probe', containerPort: 8778, hostPort: 8778, protocol: 'TCP' },
  ]);
});

test('everything that annotations can ask for makes a pod that the API server takes', async () => {
  const annotations = {
    'nodetask.dev/volume-mounts': 'data/chain:/nodes,data:/all:ro',
    'nodetask.dev/home': '/nodes/sei',
    'nodetask.dev/start-gate': 'true',
    'nodetask.dev/node-rpc': 'http://127.0.0.1:36657',
    'nodetask.dev/agent-port': '8777',
    'nodetask.dev/probe-port': '9777',
    'nodetask.dev/agent-env': '{"AWS_REGION":"eu-central-1"}',
    'nodetask.dev/agent-resources': '{"requests":{"cpu":0.5,"memory":"1.5Gi","ephemeral-storage":"1Gi"}}',
    'nodetask.dev/run-as-user': '5',
    'nodetask.dev/run-as-group': '0',
    'nodetask.dev/share-process-namespace': 'true',
  };
  const pod = await create(labelledPod('sei', 'everything', annotations, { terminationGracePeriodSeconds: 10 }));
  assert.equal((pod.spec as { readonly shareProcessNamespace?: boolean }).shareProcessNamespace, true);
  assert.ok(agentIn(pod));
});

test('Pod Security "restricted" admits an agent, but not as root', async () => {
  await controlPlane.createNamespace('restricted');
  const labels = { 'pod-security.kubernetes.io/enforce': 'restricted' };
  await controlPlane.admin.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'restricted', labels } });
  assert.ok(agentIn(await create(labelledPod('restricted', 'node'))));
  const { code, stderr } = await kubectl(labelledPod('restricted', 'root', { 'nodetask.dev/run-as-user': '0' }));
  assert.equal(code, 1);
  assert.match(
    stderr,
    /violates PodSecurity "restricted:latest": runAsNonRoot != true \(container "nodetask-agent" must not/,
  );
});

test('a dry run shows the agent and leaves nothing', async () => {
  const { code, stdout, stderr } = await kubectl(labelledPod('sei', 'dry'), '--dry-run=server', '-o', 'json');
  assert.equal(code, 0, stderr);
  assert.deepEqual(initContainersOf(JSON.parse(stdout) as InjectedPod), ['nodetask-agent']);
  assert.equal(await controlPlane.admin.get('/api/v1/namespaces/sei/pods/dry'), undefined);
});

test('a wrong annotation is told by kubectl, and in the events of a controller', { timeout: 60_000 }, async () => {
  const message =
    'admission webhook "agent.nodetask.dev" denied the request: no NodeTask agent can be injected: nodetask.dev/home is "sei": must be an absolute path';
  const { code, stderr } = await kubectl(labelledPod('sei', 'wrong', { 'nodetask.dev/home': 'sei' }));
  assert.equal(code, 1);
  assert.ok(stderr.includes(message), stderr);

  const { asking } = await examples();
  const set = asking as { metadata: { name: string } } & StatefulSet;
  set.metadata.name = 'wrong';
  set.spec.template.metadata.annotations = { 'nodetask.dev/volume-mounts': 'data:/sei', 'nodetask.dev/home': 'sei' };
  await controlPlane.admin.create(set);
  await waitFor(
    async () => {
      const path = '/api/v1/namespaces/asking/events?fieldSelector=involvedObject.name%3Dwrong,reason%3DFailedCreate';
      const list = await controlPlane.admin.request<{ items: { message: string }[] }>({ method: 'GET', path });
      return list.items.some((event) => event.message.includes(message));
    },
    { what: 'the event of the StatefulSet', timeoutMs: 30_000 },
  );
});

describe('docs/injection.md', () => {
  test('its manifests get what they ask for', async () => {
    const page = await readFile(project('docs/injection.md'), 'utf8');
    const [text = ''] = /(?<=^```yaml\n)[\s\S]*?(?=^```$)/m.exec(page) ?? [];
    const set = await toSet(text);
    const { metadata, spec } = set.spec.template;
    // The volumes of its claims are added by the controller.
    const volumes = [{ name: 'data', emptyDir: {} }];
    const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'shown', namespace: 'sei', ...metadata } };
    const shown = await dryRun(controlPlane, { ...pod, spec: { ...spec, volumes } } as KubeObject);
    assert.deepEqual(initContainersOf(shown), ['nodetask-agent']);
    assert.equal((await kubectl(set, '--dry-run=server')).code, 0);
  });

  test('kubectl prints what it shows', async () => {
    const page = await readFile(project('docs/injection.md'), 'utf8');
    const [, file = '', prints = ''] = /^\$ kubectl apply -f (\S+)\n(.*)$/m.exec(page) ?? [];
    const pod = labelledPod('docs', 'sei-rpc-0', { 'nodetask.dev/volume-mounts': 'dat:/sei' });
    await writeFile(join(controlPlane.folder, file), JSON.stringify(pod));
    const { stderr } = await controlPlane.kubectl(['apply', '-f', file]);
    assert.equal(stderr.trim(), prints);
  });
});

test('while nobody answers, only pods that are to get an agent are refused, and the message says why', async () => {
  await server.stop();
  try {
    const { code, stderr } = await kubectl(labelledPod('sei', 'down'));
    assert.equal(code, 1);
    assert.match(stderr, /failed calling webhook "agent\.nodetask\.dev": .*connect: connection refused/);

    const unlabelled = labelledPod('sei', 'down-unlabelled');
    delete unlabelled.metadata.labels;
    const own = { name: 'nodetask-agent', image: 'mine', restartPolicy: 'Always' };
    for (const pod of [
      unlabelled,
      labelledPod('sei', 'down-by-hand', {}, { initContainers: [own] }),
      labelledPod('kube-system', 'down'),
      labelledPod('nodetask-system', 'down'),
    ]) {
      assert.ok(await create(pod), pod.metadata.name);
    }
  } finally {
    await server.start();
  }
  assert.ok(agentIn(await create(labelledPod('sei', 'up-again'))));
});
