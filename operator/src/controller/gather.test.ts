import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Clock, type NodeTask, silentLogger } from '@nodetask/shared';
import type { KubeRequest } from '../kube/kube-transport.ts';
import { clusterView } from './cluster-view.ts';
import { decide } from './decide.ts';
import { gather } from './gather.ts';
import { NodeTaskMemory } from './process-memory.ts';
import { readNodeTask } from './read-node-task.ts';
import { nodeTask, oneShot, start } from './testing/fixtures.ts';

const clock = { now: () => start } as Clock;

/** What the operator asks the API server for a NodeTask without a pod, and what it makes of the answer. */
const lookAt = async (spec: NodeTask['spec'], items: readonly object[] = []) => {
  const requests: KubeRequest[] = [];
  const transport = {
    request: async (request: KubeRequest) => {
      requests.push(request);
      return { items };
    },
  };
  const gathered = await gather(
    { view: clusterView([], []), transport: transport as never, clock },
    readNodeTask(nodeTask(spec)),
    new NodeTaskMemory(),
    { signal: new AbortController().signal, logger: silentLogger },
  );
  return { requests, decision: decide(gathered) };
};

describe('gather', () => {
  test('looks for pods without the agent label if no pod matches', async () => {
    const { requests } = await lookAt({ ...oneShot, target: { selector: { matchLabels: { app: 'sei' } } } });
    assert.deepEqual(
      requests.map(({ query }) => query?.['labelSelector']),
      ['app=sei,nodetask.dev/agent!=enabled'],
    );
  });

  test('leaves pods out of it that can run nothing: the label would not make targets of them', async () => {
    const leaving = { metadata: { name: 'going', deletionTimestamp: '2026-01-01T00:00:00Z' } };
    const { requests, decision } = await lookAt({ ...oneShot, target: { selector: { matchLabels: { app: 'sei' } } } }, [
      leaving,
    ]);
    assert.equal(requests[0]?.query?.['fieldSelector'], 'status.phase!=Succeeded,status.phase!=Failed');
    assert.equal(decision.status?.conditions?.[0]?.reason, 'NoTarget');
  });

  test('asks nothing for a spec that cannot be read, even if its selector can', async () => {
    const spec = { ...oneShot, target: { selector: { matchLabels: { app: 'sei' } } }, timeoutSeconds: -5 };
    const { requests, decision } = await lookAt(spec);
    assert.deepEqual(requests, []);
    assert.equal(decision.status?.conditions?.[0]?.reason, 'InvalidSpec');
  });

  for (const matchLabels of [{ app: 'not valid!' }, { 'bad key!': 'sei' }, { app: 'a,nodetask.dev/agent=enabled' }]) {
    test(`asks nothing for ${JSON.stringify(matchLabels)}, which an older CRD let through, and says what is wrong`, async () => {
      const { requests, decision } = await lookAt({ ...oneShot, target: { selector: { matchLabels } } });
      assert.deepEqual(requests, []);
      const [ready] = decision.status?.conditions ?? [];
      assert.equal(ready?.reason, 'InvalidSpec');
      assert.match(ready?.message ?? '', /spec\.target\.selector.*must be a label (?:key|value)/);
    });
  }
});
