import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type Cluster, startCluster, waitFor } from '@nodetask/testbed';
import { SilentSource } from './support/silent-source.ts';
import { assertHistory } from './support/assert-history.ts';
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
  assert.equal(reasonOf(waiting, 'Reconciling'), 'DependencyAbsent');
  assert.match(
    waiting.status?.conditions?.[0]?.message ?? '',
    /^there is no NodeTask chain-1 in namespace nodetask-test; waiting until/,
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
  const waiting = await until(cluster, 'both', 'to wait', (o) => reasonOf(o, 'Reconciling') === 'AwaitsDependency');
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
    /^NodeTask bad, which spec\.dependsOn names, failed at [-\d]+ [:\d]+ UTC \(file-missing on sei-0: /,
  );
  const last = await untilFinished(cluster, 'after');
  assert.match(
    last.status?.conditions?.[0]?.message ?? '',
    /^NodeTask middle, .* because of what it depends on: see NodeTask bad$/,
  );
  assert.ok((await eventsOf(cluster, 'middle')).every(({ reason }) => reason !== 'Dispatched'));

  await cluster.applyNodeTask('bad', { ...single, runID: '2' });
  await untilFinished(cluster, 'bad', '2');
  await cluster.applyNodeTask('middle', { ...on('bad'), runID: '2' });
  const again = await untilFinished(cluster, 'middle', '2');
  assert.equal(again.status?.phase, 'Succeeded');
  assertHistory(again, [
    /^\S+Z runID 2 Succeeded 1\/1 in /,
    /^\S+Z first run Failed 0\/1: NodeTask bad, .* failed at /,
  ]);
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
  await until(cluster, 'lonely', 'to wait', (o) => reasonOf(o, 'Reconciling') === 'DependencyAbsent');
  await cluster.admin.delete(pathOf(cluster, 'lonely'));
  await cluster.untilNodeTask('lonely', (object) => object === undefined, { what: 'lonely to be gone' });
});

/** Of a step in the chain that is run again in an order. */
const nameOf = (order: string, step: string): string => `o${order}-${step}`;

const stepOf = (order: string, step: string, first: object, more: object = {}): Readonly<Record<string, unknown>> =>
  step === '1' ? { ...first, ...more } : { ...on(nameOf(order, String(Number(step) - 1))), ...more };

describe('a failed chain that one commit corrects and runs again', () => {
  const orders = ['1-2-3', '1-3-2', '2-1-3', '2-3-1', '3-1-2', '3-2-1'];
  for (const order of orders) {
    test(`comes right in the order ${order}`, async () => {
      for (const step of ['3', '2', '1']) await cluster.applyNodeTask(nameOf(order, step), stepOf(order, step, broken));
      const steps = order.split('-');
      for (const step of steps) await untilFinished(cluster, nameOf(order, step));
      for (const step of steps)
        await cluster.applyNodeTask(nameOf(order, step), stepOf(order, step, single, { runID: '2' }));
      const ends: string[] = [];
      for (const step of ['1', '2', '3']) {
        const { status } = await untilFinished(cluster, nameOf(order, step), '2');
        assert.equal(status?.phase, 'Succeeded', `${nameOf(order, step)}: ${JSON.stringify(status?.conditions?.[0])}`);
        assert.ok((status.startedAt ?? '') >= (ends.at(-1) ?? ''), 'none begins before the one that it depends on');
        ends.push(status.completedAt ?? '');
      }
    });
  }

  test('comes right with a schedule at its end', async () => {
    const async = { schedule: { cron: '0 3 * * *' } };
    const nightly = (runID: string) => ({ ...broken, async, dependsOn: ['weak'], runID });
    await cluster.applyNodeTask('nightly', nightly('1'));
    await cluster.applyNodeTask('weak', { ...broken, runID: '1' });
    const stalled = await until(cluster, 'nightly', 'to stall', (o) => reasonOf(o, 'Stalled') === 'DependencyFailed');
    assert.equal(reasonOf(stalled, 'Finished'), undefined);
    await cluster.applyNodeTask('weak', { ...single, runID: '2' });
    await until(cluster, 'nightly', 'to go on by itself', (o) => reasonOf(o, 'Ready') === 'Scheduled');
  });

  test('has failed in the end where nobody corrects the first, and says why from the first moment', async () => {
    await cluster.applyNodeTask('left', broken);
    await untilFinished(cluster, 'left');
    await cluster.applyNodeTask('right', on('left'));
    const waiting = await until(cluster, 'right', 'to wait', ({ status }) => status?.observedGeneration === 1);
    assert.equal(reasonOf(waiting, 'Reconciling'), 'DependencyFailed');
    assert.match(
      waiting.status?.conditions?.[0]?.message ?? '',
      /file-missing.*; waits until .* for another run of it$/,
    );
    assert.equal(reasonOf(await untilFinished(cluster, 'right', undefined, 60_000), 'Failed'), 'DependencyFailed');
  });
});

test('a dependency that is misspelt is named at once, with the one that was meant, and fails the task in the end', async () => {
  await cluster.applyNodeTask('check-config', single);
  await cluster.applyNodeTask('misspelt', { ...on('chekc-config'), target: { podName: 'sei-0', waitSeconds: 2 } });
  const done = await untilFinished(cluster, 'misspelt');
  assert.equal(reasonOf(done, 'Failed'), 'DependencyAbsent');
  assert.equal(
    done.status?.conditions?.[0]?.message,
    'there is no NodeTask chekc-config in namespace nodetask-test (did you mean check-config?); gave up after spec.target.waitSeconds (2 s): apply it, or correct spec.dependsOn',
  );
  const events = await waitFor(
    async () => {
      const found = await eventsOf(cluster, 'misspelt');
      return found.some(({ reason }) => reason === 'Failed') && found;
    },
    { what: 'the events of misspelt', timeoutMs: 30_000 },
  );
  const told = events.find(({ reason }) => reason === 'DependencyAbsent');
  assert.equal(told?.type, 'Warning');
  assert.match(
    told?.note ?? '',
    /^There is no NodeTask chekc-config .* \(did you mean check-config\?\); waiting until/,
  );
});

test('a dependency that ttlSecondsAfterFinished has removed is missing to who comes later', async () => {
  await cluster.applyNodeTask('brief', { ...single, ttlSecondsAfterFinished: 0 });
  await cluster.untilNodeTask('brief', (object) => object === undefined, { what: 'brief to be gone' });
  await cluster.applyNodeTask('later', { ...on('brief'), target: { podName: 'sei-0', waitSeconds: 1 } });
  assert.equal(reasonOf(await untilFinished(cluster, 'later'), 'Failed'), 'DependencyAbsent');
});
