import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { NodeTask } from '@nodetask/shared';
import * as fc from 'fast-check';
import { IndexedCache } from '../../kube/indexed-cache.ts';
import { clusterView, nodeTaskIndexers } from '../cluster-view.ts';
import { agentPod, at, fanOut, nodeTask, oneShot, row, runningStatus, start } from '../testing/fixtures.ts';
import { type Ahead, aheadAt, queueOf } from './ahead.ts';
import { compareArrival } from './places.ts';

const queued = { ...row('sei-0', { phase: 'Queued' }), startedAt: undefined };
const waiting = runningStatus([queued]);

const named = (name: string, second: number, changes: Partial<Pick<NodeTask, 'spec' | 'status'>> = {}): NodeTask =>
  nodeTask(changes.spec ?? oneShot, changes.status, { name, uid: `uid-of-${name}`, creationTimestamp: at(second) });

const ahead = (nodeTasks: readonly NodeTask[], name: string, seconds = 100): Ahead | undefined => {
  const cache = new IndexedCache<NodeTask>(nodeTaskIndexers);
  for (const one of nodeTasks) cache.set(one);
  const view = clusterView([cache], []);
  const own = cache.get(`sei/${name}`);
  assert.ok(own);
  return aheadAt(view, own, [agentPod('sei-0')], start + seconds * 1000).get('sei-0');
};

describe('the queue of a pod', () => {
  test('whoever waits and came before is ahead, whatever the order in which the cache got them', () => {
    const [a, b, c] = [named('a', 0, { status: waiting }), named('b', 1, { status: waiting }), named('c', 2)];
    assert.equal(ahead([c, b, a], 'a'), undefined);
    assert.deepEqual(ahead([c, b, a], 'b'), { count: 1, behind: 'sei/a' });
    assert.deepEqual(ahead([c, b, a], 'c'), { count: 2, behind: 'sei/b' });
  });
  test('says who runs there', () => {
    const running = named('x', 50, { status: runningStatus([row('sei-0')]) });
    assert.deepEqual(ahead([running, named('a', 0, { status: waiting }), named('b', 1)], 'b'), {
      count: 1,
      behind: 'sei/x',
    });
    assert.equal(ahead([running, named('b', 1)], 'b'), undefined, 'the first asks the agent');
  });
  test('one that nobody has looked at yet is ahead too, but not for ever', () => {
    const both = [named('a', 40), named('b', 41)];
    assert.deepEqual(ahead(both, 'b', 99), { count: 1, behind: 'sei/a' });
    assert.equal(ahead(both, 'b', 100), undefined);
  });
  test('a selector that matches the pod counts, one of another does not', () => {
    const other = { ...fanOut, target: { selector: { matchLabels: { app: 'other' } } } };
    assert.deepEqual(ahead([named('a', 90, { spec: fanOut }), named('b', 91)], 'b'), { count: 1, behind: 'sei/a' });
    assert.equal(ahead([named('a', 90, { spec: other }), named('b', 91)], 'b'), undefined);
    assert.deepEqual(ahead([named('a', 90), named('b', 91, { spec: fanOut })], 'b'), { count: 1, behind: 'sei/a' });
  });
  test('there is one first, and each place is taken once, whoever they are and however they came', () => {
    const one = fc.record({ second: fc.nat(3), queued: fc.boolean(), bySelector: fc.boolean() });
    fc.assert(
      fc.property(fc.array(one, { minLength: 1, maxLength: 12 }), (all) => {
        const nodeTasks = all.map(({ second, queued: isQueued, bySelector }, index) =>
          named(`job-${index}`, second, {
            ...(bySelector ? { spec: fanOut } : {}),
            ...(isQueued ? { status: waiting } : {}),
          }),
        );
        const places = nodeTasks.map(({ metadata }) => (ahead(nodeTasks, metadata.name, 3)?.count ?? 0) + 1);
        const expected = nodeTasks.map((each) => nodeTasks.toSorted(compareArrival).indexOf(each) + 1);
        assert.deepEqual(places, expected);
      }),
      { numRuns: 200 },
    );
  });
  test('what has ended is not looked at: the index does not have it', () => {
    const cache = new IndexedCache<NodeTask>(nodeTaskIndexers);
    for (let i = 0; i < 50; i++) {
      cache.set(
        named(`done-${i}`, i, {
          status: runningStatus([row('sei-0', { phase: 'Succeeded' })], { phase: 'Succeeded' }),
        }),
      );
    }
    const view = clusterView([cache], []);
    assert.deepEqual(view.nodeTasksAt('sei/sei-0'), []);
    cache.set(named('a', 60, { status: waiting }));
    cache.set(named('b', 59, { status: waiting }));
    assert.deepEqual(
      queueOf(view, agentPod('sei-0')).map(({ metadata }) => metadata.name),
      ['b', 'a'],
    );
  });
});
