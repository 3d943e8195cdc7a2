import assert from 'node:assert/strict';
import { test } from 'node:test';
import { freePort, startCluster } from '@nodetask/testbed';
import { dryRun, labelledPod, untilInjects } from './support/injected-pods.ts';
import { agentWebhook } from './support/webhook-configuration.ts';

test(
  'the operator injects agents, with a certificate that it makes the API server trust',
  { timeout: 120_000 },
  async () => {
    const port = await freePort();
    const args = ['--agent-tls', '--webhook-name', 'nodetask', '--agent-image', 'nodetask/agent:7'];
    const secure = ['--secure-listen', `127.0.0.1:${String(port)}`, '--service-host', '127.0.0.1'];
    await using cluster = await startCluster({ operator: { leaderElect: false, args: [...args, ...secure] } });
    const { controlPlane, namespace } = cluster;
    await controlPlane.admin.apply(agentWebhook({ url: `https://127.0.0.1:${String(port)}` }));
    // Until the operator has written its caBundle, there are webhooks that fail.
    await untilInjects(controlPlane, namespace, 'nodetask-agent');

    const pod = await dryRun(controlPlane, labelledPod(namespace, 'sei-rpc-0'));
    const [agent] = pod.spec.initContainers ?? [];
    assert.equal(agent?.['image'], 'nodetask/agent:7');
    const env = agent['env'] as readonly { readonly name: string; readonly value?: string }[];
    assert.equal(
      env.find(({ name }) => name === 'NODETASK_ENROLL_URL')?.value,
      'https://nodetask-operator.nodetask-system.svc/',
    );
  },
);
