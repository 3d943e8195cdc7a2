import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import { after, before, describe, test } from 'node:test';
import { FakeKubelet, startControlPlane, waitFor, waitForObject } from '@nodetask/testbed';
import type { ControlPlane, KubeObject } from '@nodetask/testbed';

interface PodObject extends KubeObject {
  status?: {
    phase?: string;
    podIP?: string;
    podIPs?: { ip: string }[];
    conditions?: { type: string; status: string }[];
    containerStatuses?: { restartCount: number }[];
  };
}

/** What runs in the pods of this test: an HTTP server whose readiness the test sets. */
class Node {
  ready = false;
  starts = 1;
  stopped = false;
  readonly #server: Server;

  readonly name: string;
  readonly uid: string;
  readonly #ip: string;

  constructor(name: string, uid: string, ip: string) {
    this.name = name;
    this.uid = uid;
    this.#ip = ip;
    this.#server = createServer((request, response) => {
      response.statusCode = request.url === '/v0/healthz' && this.ready ? 200 : 503;
      response.end();
    });
  }

  async listen(): Promise<void> {
    this.#server.listen(7_777, this.#ip);
    await once(this.#server, 'listening');
  }

  async stop(): Promise<void> {
    this.stopped = true;
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }
}

const path = (name: string): string => `/api/v1/namespaces/default/pods/${name}`;
const ready = (pod: PodObject | undefined): string | undefined =>
  pod?.status?.conditions?.find(({ type }) => type === 'Ready')?.status;

describe('fake kubelet', { timeout: 120_000 }, () => {
  let controlPlane: ControlPlane;
  let kubelet: FakeKubelet;
  const nodes: Node[] = [];
  const log: string[] = [];

  before(async () => {
    controlPlane = await startControlPlane();
    kubelet = new FakeKubelet({
      client: controlPlane.admin,
      startWorkload: async (pod, ip) => {
        const node = new Node(pod.metadata.name, pod.metadata.uid, ip);
        await node.listen();
        nodes.push(node);
        return node;
      },
      log: (line) => log.push(line),
    });
  });
  after(async () => {
    await kubelet.stop();
    await controlPlane.stop();
  });

  const create = async (
    name: string,
    labels: Record<string, string> = { 'nodetask.dev/agent': 'enabled' },
    spec = {},
  ) =>
    controlPlane.admin.create({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name, namespace: 'default', labels },
      spec: { containers: [{ name: 'agent', image: 'testbed/agent' }], ...spec },
    });
  const until = async (name: string, what: string, condition: (pod: PodObject | undefined) => boolean) =>
    waitForObject<PodObject>(controlPlane.admin, path(name), condition, { what, timeoutMs: 20_000 });
  const nodeOf = (name: string): Node => {
    const node = nodes.findLast((each) => each.name === name);
    assert.ok(node !== undefined, `no workload for ${name}`);
    return node;
  };

  test('gives each pod an address of its own, and Ready follows the probe in both directions', async () => {
    await Promise.all([create('a'), create('b')]);
    const a = await until('a', 'Running', (pod) => pod?.status?.phase === 'Running');
    const b = await until('b', 'Running', (pod) => pod?.status?.phase === 'Running');
    assert.match(a?.status?.podIP ?? '', /^127\./);
    assert.notEqual(a?.status?.podIP, b?.status?.podIP);
    assert.equal(ready(a), 'False');
    nodeOf('a').ready = true;
    await until('a', 'Ready', (pod) => ready(pod) === 'True');
    assert.equal(ready(await controlPlane.admin.get<PodObject>(path('b'))), 'False');
    nodeOf('a').ready = false;
    await until('a', 'not Ready', (pod) => ready(pod) === 'False');
  });

  test('leaves pods without the label alone, and those that no scheduler may place yet', async () => {
    await create('plain', { app: 'other' });
    await create('gated', undefined, { schedulingGates: [{ name: 'testbed/gate' }] });
    await create('labelled');
    await until('labelled', 'Running', (pod) => pod?.status?.phase === 'Running');
    for (const name of ['plain', 'gated'])
      assert.equal((await controlPlane.admin.get<PodObject>(path(name)))?.status?.phase, 'Pending', name);
    await controlPlane.admin.delete(path('gated'));
  });

  test('counts restarts of the workload', async () => {
    await create('restarted');
    await until('restarted', 'Running', (pod) => pod?.status?.phase === 'Running');
    nodeOf('restarted').starts = 3;
    await until('restarted', 'two restarts', (pod) => pod?.status?.containerStatuses?.[0]?.restartCount === 2);
  });

  test('a deleted pod ends its workload; a new one of the same name gets a new one and another address', async () => {
    await create('again');
    const first = await until('again', 'Running', (pod) => pod?.status?.phase === 'Running');
    const earlier = nodeOf('again');
    await controlPlane.admin.delete(path('again'));
    await create('again');
    const second = await until(
      'again',
      'Running as a new pod',
      (pod) => pod?.metadata.uid !== first?.metadata.uid && pod?.status?.phase === 'Running',
    );
    assert.ok(earlier.stopped);
    assert.notEqual(second?.status?.podIP, first?.status?.podIP);
    assert.notEqual(nodeOf('again').uid, earlier.uid);
  });

  test('a pod with a nodeName is deleted for good once its workload has ended', async () => {
    await create('bound', undefined, { nodeName: 'n1', terminationGracePeriodSeconds: 30 });
    await until('bound', 'Running', (pod) => pod?.status?.phase === 'Running');
    await controlPlane.admin.delete(path('bound'));
    await until('bound', 'gone', (pod) => pod === undefined);
    assert.ok(nodeOf('bound').stopped);
  });

  test('runs the pods of a StatefulSet one after the other', async () => {
    await controlPlane.admin.apply({
      apiVersion: 'apps/v1',
      kind: 'StatefulSet',
      metadata: { name: 'set', namespace: 'default' },
      spec: {
        replicas: 2,
        serviceName: 'set',
        selector: { matchLabels: { app: 'set' } },
        template: {
          metadata: { labels: { app: 'set', 'nodetask.dev/agent': 'enabled' } },
          spec: { containers: [{ name: 'agent', image: 'testbed/agent' }] },
        },
      },
    });
    await until('set-0', 'Running', (pod) => pod?.status?.phase === 'Running');
    assert.equal(await controlPlane.admin.get(path('set-1')), undefined);
    nodeOf('set-0').ready = true;
    await until('set-1', 'Running', (pod) => pod?.status?.phase === 'Running');
  });

  test('takes up its work after an outage of the API server', async () => {
    await controlPlane.apiServer.kill();
    await waitFor(() => log.some((line) => line.startsWith('watch of pods ended')), {
      what: 'the kubelet to notice the outage',
      timeoutMs: 10_000,
    });
    await controlPlane.apiServer.start();
    await create('late');
    await until('late', 'Running', (pod) => pod?.status?.phase === 'Running');
  });
});
