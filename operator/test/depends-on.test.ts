import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type Cluster, startCluster } from '@nodetask/testbed';
import { SilentSource } from './support/silent-source.ts';
import { eventsOf, pathOf, reasonOf, until, untilFinished } from './support/test-cluster.ts';

/** spec.dependsOn: real operator process, real agents. */
let cluster: Cluster;
let source: SilentSource;

before(async () => {
  cluster = await startCluster({ operator: { leaderElect: false } });
  source = await SilentSource.start();
  await cluster.createAgentPod('sei-0', { allowHosts: ['127.0.0.1'] });
  await cluster.createAgentPod('sei-1', { allowHosts: ['127.0.0.1'] });
});

after(async () => {
  await source[Symbol.asyncDispose]();
  await cluster.stop();
});

const on = (...dependsOn: readonly string[]): Readonly<Record<string, unknown>> => ({
  type: 'mark-ready',
  target: { podName: 'sei-0' },
  dependsOn,
});
const single = { type: 'mark-ready', target: { podName: 'sei-0' } };
const broken = { type: 'config-validate', target: { podName: 'sei-0' } };
const endless = (): Readonly<Record<string, unknown>> => ({
  type: 'configure-genesis',
  target: { podName: 'sei-1' },
  params: { rpc: source.url },
});

test('a chain applied from its end runs from its beginning', async () => {
  await cluster.applyNodeTask('chain-3', on('chain-2'));
  await cluster.applyNodeTask('chain-2', on('chain-1'));
  const waiting = await until(cluster, 'chain-2', 'to wait', ({ status }) => status?.observedGeneration === 1);
  assert.equal(reasonOf(waiting, 'Reconciling'), 'DependencyUnfinished');
  assert.equal(
    waiting.status?.conditions?.[0]?.message,
    'waits for chain-1 to complete; there is no NodeTask chain-1 yet',
  );
  assert.equal(waiting.metadata.finalizers, undefined);
  await cluster.applyNodeTask('chain-1', single);
  const ends = [];
  for (const name of ['chain-1', 'chain-2', 'chain-3']) {
    const done = await untilFinished(cluster, name);
    assert.equal(done.status?.phase, 'Succeeded', name);
    ends.push({ startedAt: done.status?.startedAt ?? '', completedAt: done.status?.completedAt ?? '' });
  }
  for (const [index, { startedAt }] of ends.entries()) {
    assert.ok(index === 0 || startedAt >= (ends[index - 1]?.completedAt ?? ''), JSON.stringify(ends));
  }
});

test('all of several must have completed; nothing happens before, also over a restart of the operator', async () => {
  await cluster.applyNodeTask('slow', endless());
  await source.connected();
  await cluster.applyNodeTask('quick', single);
  await untilFinished(cluster, 'quick');
  await cluster.applyNodeTask('both', on('quick', 'slow'));
  const waiting = await until(cluster, 'both', 'to wait', (o) => reasonOf(o, 'Reconciling') === 'DependencyUnfinished');
  assert.equal(waiting.status?.conditions?.[0]?.message, 'waits for slow to complete');
  await cluster.operator.restart();
  source.hangUp();
  assert.equal((await untilFinished(cluster, 'slow')).status?.phase, 'Failed');
  assert.equal(reasonOf(await untilFinished(cluster, 'both'), 'Failed'), 'DependencyFailed');
});

test('a failure goes down the chain by name, and another run takes it up again', async () => {
  await cluster.applyNodeTask('after', on('middle'));
  await cluster.applyNodeTask('middle', on('bad'));
  await cluster.applyNodeTask('bad', broken);
  const middle = await untilFinished(cluster, 'middle');
  assert.match(
    middle.status?.conditions?.[0]?.message ?? '',
    /^NodeTask bad, which spec\.dependsOn names, has failed \(failed on sei-0: file-missing/,
  );
  const last = await untilFinished(cluster, 'after');
  assert.match(last.status?.conditions?.[0]?.message ?? '', /^NodeTask middle, .*NodeTask bad/);
  assert.ok((await eventsOf(cluster, 'middle')).every(({ reason }) => reason !== 'Dispatched'));

  await cluster.applyNodeTask('bad', { ...single, runID: '2' });
  await untilFinished(cluster, 'bad', '2');
  await cluster.applyNodeTask('middle', { ...on('bad'), runID: '2' });
  assert.equal((await untilFinished(cluster, 'middle', '2')).status?.phase, 'Succeeded');
});

test('a cycle stalls all that are in it, by their names, until it is taken apart', async () => {
  await cluster.applyNodeTask('a', on('b'));
  await cluster.applyNodeTask('b', on('c'));
  await cluster.applyNodeTask('c', on('a'));
  const cycles = { a: 'a → b → c → a', b: 'b → c → a → b', c: 'c → a → b → c' };
  for (const [name, cycle] of Object.entries(cycles)) {
    const held = await until(cluster, name, 'to stall', (o) => reasonOf(o, 'Stalled') === 'DependencyCycle');
    assert.equal(held.status?.conditions?.[0]?.message, `spec.dependsOn makes a cycle: ${cycle}; take one of them out`);
  }
  await cluster.applyNodeTask('b', { ...single, dependsOn: [] });
  for (const name of ['b', 'a', 'c']) {
    assert.equal((await untilFinished(cluster, name)).status?.phase, 'Succeeded', name);
  }
});

test('one that waits is deleted at once', async () => {
  await cluster.applyNodeTask('lonely', on('nobody'));
  await until(cluster, 'lonely', 'to wait', (o) => reasonOf(o, 'Reconciling') === 'DependencyUnfinished');
  await cluster.admin.delete(pathOf(cluster, 'lonely'));
  await cluster.untilNodeTask('lonely', (object) => object === undefined, { what: 'lonely to be gone' });
});
