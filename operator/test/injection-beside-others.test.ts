import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { silentLogger } from '@nodetask/shared';
import { type ControlPlane, startControlPlane } from '@nodetask/testbed';
import { admissionAnswer, admissionReviewSchema } from '../src/injection/admission-review.ts';
import { mutatePods } from '../src/injection/mutate-pods.ts';
import { settings } from '../src/injection/testing/node-pod.ts';
import type { SecureRoute } from '../src/secure-server/secure-route.ts';
import { type InjectedPod, initContainersOf, labelledPod, untilInjects } from './support/injected-pods.ts';
import { agentWebhook, otherWebhook } from './support/webhook-configuration.ts';
import { WebhookServer } from './support/webhook-server.ts';

/** The webhook among others that change the same pods, called again after them: here without a condition that keeps that from it. */
let controlPlane: ControlPlane;
let server: WebhookServer;

/** An injector that puts an init container before all others. */
const injector = (path: string, container: object): SecureRoute => ({
  method: 'POST',
  path,
  maxBodyBytes: 4 * 1024 * 1024,
  handle: ({ body }) => {
    const { request } = admissionReviewSchema.parse(JSON.parse(body));
    const { spec } = request.object as InjectedPod;
    const patch =
      spec.initContainers === undefined
        ? [{ op: 'add', path: '/spec/initContainers', value: [container] }]
        : [{ op: 'add', path: '/spec/initContainers/0', value: container }];
    return Promise.resolve({ status: 200, body: admissionAnswer(request, { allowed: true, patch }) });
  },
});

before(async () => {
  controlPlane = await startControlPlane();
  server = await WebhookServer.start(controlPlane, [
    mutatePods({ settings, logger: silentLogger }),
    injector('/mesh', { name: 'istio-proxy', image: 'mesh', restartPolicy: 'Always' }),
    injector('/late', { name: 'late', image: 'late' }),
  ]);
  await controlPlane.admin.apply(agentWebhook(server, {}));
  for (const [namespace, name, path, container] of [
    ['meshed', 'a-mesh', '/mesh', 'istio-proxy'],
    ['late', 'z-late', '/late', 'late'],
  ] as const) {
    await controlPlane.createNamespace(namespace);
    await controlPlane.admin.apply(otherWebhook(server, name, path, namespace));
    await untilInjects(controlPlane, namespace, container);
    await untilInjects(controlPlane, namespace, 'nodetask-agent');
  }
});

after(async () => {
  await server.stop();
  await controlPlane.stop();
});

const create = async (namespace: string): Promise<{ containers: readonly string[]; calls: readonly string[] }> => {
  const earlier = server.calls.length;
  const pod = (await controlPlane.admin.create(labelledPod(namespace, 'node'))) as InjectedPod;
  return { containers: initContainersOf(pod), calls: server.calls.slice(earlier) };
};

test('called again after another has changed the pod, it leaves its agent as it is', async () => {
  const { containers, calls } = await create('late');
  assert.deepEqual(calls, ['/mutate-pods', '/late', '/mutate-pods']);
  assert.deepEqual(containers, ['late', 'nodetask-agent']);
});

test('behind the proxy of a mesh that was injected before it; called again after the API server has added a token', async () => {
  const { containers, calls } = await create('meshed');
  assert.deepEqual(calls, ['/mesh', '/mutate-pods', '/mutate-pods']);
  assert.deepEqual(containers, ['istio-proxy', 'nodetask-agent']);
});
