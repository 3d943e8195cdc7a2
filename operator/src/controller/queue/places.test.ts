import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { NodeTask } from '@nodetask/shared';
import { cron, fanOut, idOf, nodeTask, oneShot, result, row, runningStatus } from '../testing/fixtures.ts';
import { compareArrival, placeKeys, standingAt } from './places.ts';

const queued = { ...row('sei-0', { phase: 'Queued' }), startedAt: undefined };
const at = (spec: NodeTask['spec'], ...rest: [NodeTask['status']?, Partial<NodeTask['metadata']>?]): unknown =>
  standingAt(nodeTask(spec, ...rest), 'sei-0');

test('one that nobody has looked at arrives at the pods that it names', () => {
  assert.equal(at(oneShot), 'arrives');
  assert.equal(at(fanOut), 'arrives');
  assert.equal(at({ ...oneShot, target: { podName: 'sei-1' } }), undefined);
  assert.equal(
    at({ ...oneShot, runID: '2' }, runningStatus([row('sei-0', { phase: 'Succeeded' })], { phase: 'Succeeded' })),
    'arrives',
  );
  assert.equal(at(cron), undefined);
});

test('one that is queued waits, and no longer once its agent has it', () => {
  const status = runningStatus([queued]);
  assert.equal(at(oneShot, status), 'waits');
  assert.equal(at(oneShot, runningStatus([{ ...queued, result: result() }])), 'runs');
  assert.equal(at(oneShot, runningStatus([{ ...queued, result: result({ id: idOf('sei-0', 'before') }) }])), 'waits');
  assert.equal(at(oneShot, runningStatus([{ ...queued, result: result({ status: 'failed' }) }])), undefined);
  assert.equal(at(oneShot, runningStatus([row('sei-0')])), 'runs');
  assert.equal(at(oneShot, runningStatus([row('sei-0', { phase: 'Pending' })])), undefined);
});

test("one that would not be dispatched is in nobody's way", () => {
  const status = runningStatus([queued]);
  assert.equal(at({ ...oneShot, suspend: true }, status), undefined);
  assert.equal(at({ ...oneShot, cancel: true }, status), undefined);
  assert.equal(at(oneShot, status, { deletionTimestamp: '2026-01-01T00:00:00Z' }), undefined);
  const stalled = {
    type: 'Stalled',
    status: 'True',
    reason: 'InvalidSpec',
    message: '',
    lastTransitionTime: '',
  } as const;
  assert.equal(at(oneShot, { ...status, conditions: [stalled] }), undefined);
  assert.equal(at(oneShot, { ...status, phase: 'Succeeded' }), undefined);
  assert.equal(
    at({ ...oneShot, cancel: true }, runningStatus([row('sei-0')])),
    'runs',
    'what runs is, until it has stopped',
  );
});

test('the index has each pod where it stands, and any pod for a selector that is not resolved yet', () => {
  assert.deepEqual(placeKeys(nodeTask(oneShot)), ['sei/sei-0']);
  assert.deepEqual(placeKeys(nodeTask(fanOut)), ['sei/*']);
  const rows = [
    row('sei-0'),
    { ...queued, pod: 'sei-1' },
    row('sei-2', { phase: 'Succeeded' }),
    row('sei-3', { phase: 'Pending' }),
  ];
  assert.deepEqual(placeKeys(nodeTask(fanOut, runningStatus(rows))), ['sei/sei-0', 'sei/sei-1']);
  assert.deepEqual(placeKeys(nodeTask(oneShot, runningStatus([row('sei-0')], { phase: 'Failed' }))), []);
});

const of = (creationTimestamp: string, name: string): NodeTask => nodeTask(oneShot, {}, { creationTimestamp, name });

test('the older comes first, and of the same second the one whose name comes first', () => {
  const [a, b, c] = [of('2026-01-01T00:00:00Z', 'b'), of('2026-01-01T00:00:01Z', 'a'), of('2026-01-01T00:00:01Z', 'b')];
  assert.deepEqual([c, b, a].toSorted(compareArrival), [a, b, c]);
  assert.equal(compareArrival(a, a), 0);
});
