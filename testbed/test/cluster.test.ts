import assert from 'node:assert/strict';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { startCluster } from '@nodetask/testbed';
import type { Cluster } from '@nodetask/testbed';

describe('cluster', { timeout: 120_000 }, () => {
  let cluster: Cluster;
  before(async () => {
    cluster = await startCluster({ faultProxies: true });
  });
  after(async () => {
    await cluster.stop();
  });

  test('an agent runs on an address of its own, with a token that is bound to its pod', async () => {
    const agent = await cluster.createAgentPod('own');
    // The port of the pod is that of the proxy before it.
    assert.match(agent.url, /^http:\/\/127\.\d+\.\d+\.\d+:\d+$/);
    const folder = join(cluster.controlPlane.folder, 'pods', agent.pod.uid, 'serviceaccount');
    using client = await cluster.controlPlane.clientFor(await readFile(join(folder, 'token'), 'utf8'));
    const review = await client.request<{
      status: { userInfo: { username: string; extra: Record<string, string[]> } };
    }>({
      method: 'POST',
      path: '/apis/authentication.k8s.io/v1/selfsubjectreviews',
      body: { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' },
    });
    assert.equal(review.status.userInfo.username, 'system:serviceaccount:nodetask-test:nodetask-agent');
    assert.deepEqual(review.status.userInfo.extra['authentication.kubernetes.io/pod-uid'], [agent.pod.uid]);
  });

  test('a NodeTask goes through operator and agent; the pod is Ready after mark-ready', async () => {
    await cluster.createAgentPod('through');
    await cluster.applyNodeTask('through', { type: 'mark-ready', target: { podName: 'through' } });
    await cluster.untilNodeTask<{ status?: { phase?: string } }>(
      'through',
      (task) => task?.status?.phase === 'Succeeded',
      {
        what: 'the task to succeed',
      },
    );
    await cluster.untilPodReady('through');
    assert.ok(cluster.operatorProxy.counters.forwardedToServer > 0);
    assert.ok(cluster.agentProxy.counters.forwardedToServer > 0);
  });

  test('an agent that was killed comes back on the same home, and is Ready again', async () => {
    const agent = cluster.agent('through');
    await agent.kill();
    await cluster.untilPodReady('through', false);
    await agent.start();
    await cluster.untilPodReady('through');
    assert.equal(agent.starts, 2);
  });

  test('the operator comes back after kill -9', async () => {
    await cluster.operator.kill();
    await cluster.operator.start();
    await cluster.applyNodeTask('again', { type: 'mark-ready', target: { podName: 'through' } });
    await cluster.untilNodeTask<{ status?: { phase?: string } }>(
      'again',
      (task) => task?.status?.phase === 'Succeeded',
      {
        what: 'the task to succeed',
        timeoutMs: 60_000,
      },
    );
  });

  test('a deleted pod takes its agent with it, its home stays for the next pod of that name', async () => {
    const first = await cluster.createAgentPod('replaced');
    const { exited } = first.process;
    await cluster.deletePod('replaced');
    await exited;
    assert.throws(() => cluster.agent('replaced'), /no agent runs for a pod nodetask-test\/replaced/);
    const second = await cluster.createAgentPod('replaced');
    assert.equal(second.home, first.home);
    assert.notEqual(second.url, first.url);
  });

  test('stop ends every process and removes every file', async () => {
    const other = await startCluster({ namespace: 'other' });
    const agent = await other.createAgentPod('a');
    const ends = [agent.process.exited, other.operator.process.exited];
    await other.stop();
    await Promise.all(ends);
    await assert.rejects(stat(other.controlPlane.folder), { code: 'ENOENT' });
  });
});
