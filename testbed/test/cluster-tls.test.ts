import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { startCluster } from '@nodetask/testbed';
import type { AgentAnswer, AgentProcess, Cluster } from '@nodetask/testbed';

const codeOf = ({ body }: AgentAnswer): unknown => (body as { readonly code?: unknown }).code;

/** Agents that serve HTTPS, with certificates of the testbed's CA: no operator is needed. */
describe('cluster with TLS', { timeout: 120_000 }, () => {
  let cluster: Cluster;
  let agent: AgentProcess;
  before(async () => {
    cluster = await startCluster({ operator: false, tls: true, faultProxies: true });
    agent = await cluster.createAgentPod('secure');
  });
  after(async () => {
    await cluster.stop();
  });

  test('the operator is let in, nobody else is; probes are open', async () => {
    assert.match(agent.url, /^https:/);
    assert.equal((await agent.request('GET', '/v0/tasks')).status, 200);
    const refused = await agent.request('GET', '/v0/tasks', { anonymous: true });
    assert.deepEqual([refused.status, codeOf(refused)], [401, 'unauthorized']);
    const token = { authorization: `Bearer ${cluster.agentToken}` };
    assert.equal((await agent.request('GET', '/v0/tasks', { anonymous: true, headers: token })).status, 401);
    assert.equal((await agent.request('GET', '/v0/livez', { anonymous: true })).status, 200);
  });

  test("the kubelet's probes go by HTTPS: the pod is Ready after mark-ready, through the proxy before it", async () => {
    await cluster.untilPodReady('secure', false);
    const answer = await agent.request('POST', '/v0/tasks', { body: { type: 'mark-ready' } });
    assert.equal(answer.status, 202, JSON.stringify(answer.body));
    await cluster.untilPodReady('secure');
    assert.ok(cluster.podProxy('secure').counters.forwardedToClient > 0);
  });

  test('an agent that was killed comes back as who it was', async () => {
    await agent.kill();
    await agent.start();
    assert.equal((await agent.request('GET', '/v0/tasks')).status, 200);
    await cluster.untilPodReady('secure');
  });
});
