import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cron, fanOut, nodeTask, oneShot, result, row, runningStatus } from '../testing/fixtures.ts';
import { freedPlaces } from './freed-places.ts';

const running = nodeTask(fanOut, runningStatus([row('sei-0'), row('sei-1')]));

test('a place is free once the task there has ended, also while others of the same NodeTask go on', () => {
  const ended = row('sei-0', { result: result({ status: 'completed' }) });
  assert.deepEqual(freedPlaces(running, nodeTask(fanOut, runningStatus([ended, row('sei-1')]))), ['sei/sei-0']);
});

test('nothing is freed by news of what goes on', () => {
  assert.deepEqual(freedPlaces(running, running), []);
  assert.deepEqual(freedPlaces(undefined, running), []);
  const progress = row('sei-0', { result: result() });
  assert.deepEqual(freedPlaces(running, nodeTask(fanOut, runningStatus([progress, row('sei-1')]))), []);
});

test('one that is gone, or that waits no more, leaves its places', () => {
  assert.deepEqual(freedPlaces(running, undefined), ['sei/sei-0', 'sei/sei-1']);
  const waiting = runningStatus([row('sei-0', { phase: 'Queued', startedAt: undefined })]);
  assert.deepEqual(freedPlaces(nodeTask(oneShot, waiting), nodeTask({ ...oneShot, suspend: true }, waiting)), [
    'sei/sei-0',
  ]);
  assert.deepEqual(freedPlaces(nodeTask(oneShot), nodeTask(oneShot, waiting)), []);
});

const runs = (status: 'running' | 'completed') => [{ run: 1, status, startedAt: '2026-01-01T00:00:00Z' }];

test('the run of a schedule frees what it held', () => {
  const before = nodeTask(cron, runningStatus([row('sei-0', { phase: 'Scheduled', runs: runs('running') })]));
  const after = nodeTask(cron, runningStatus([row('sei-0', { phase: 'Scheduled', runs: runs('completed') })]));
  assert.deepEqual(freedPlaces(before, after), ['sei/sei-0']);
});
