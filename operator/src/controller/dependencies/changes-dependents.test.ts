import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { NodeTaskStatus } from '@nodetask/shared';
import { cron, nodeTask, oneShot, result, row, runningStatus } from '../testing/fixtures.ts';
import { changesDependents } from './changes-dependents.ts';

const running = nodeTask(oneShot, runningStatus([row('sei-0')]));
const ended = (phase: string, changes: Partial<NodeTaskStatus> = {}): typeof running =>
  nodeTask(oneShot, runningStatus([row('sei-0')], { phase, ...changes }));

test('its coming, going and ending matter to those that wait for it', () => {
  assert.equal(changesDependents(undefined, running), true);
  assert.equal(changesDependents(running, undefined), true);
  assert.equal(changesDependents(running, ended('Succeeded')), true);
  assert.equal(changesDependents(running, ended('Failed')), true);
  assert.equal(changesDependents(ended('Failed'), nodeTask({ ...oneShot, runID: '2' }, ended('Failed').status)), true);
  assert.equal(changesDependents(running, nodeTask(oneShot, running.status, { uid: 'another' })), true);
});

test('so does who it depends on itself, and whether it is in a cycle', () => {
  assert.equal(changesDependents(running, nodeTask({ ...oneShot, dependsOn: ['x'] }, running.status)), true);
  const [ready] = running.status?.conditions ?? [];
  assert.ok(ready);
  const conditions = [{ ...ready, reason: 'DependencyCycle' }];
  assert.equal(changesDependents(running, nodeTask(oneShot, { ...running.status, conditions })), true);
});

test('its progress does not', () => {
  const progress = runningStatus([row('sei-0', { result: result() })], { phase: 'Queued' });
  assert.equal(changesDependents(running, nodeTask(oneShot, progress, { resourceVersion: '2' })), false);
  assert.equal(changesDependents(running, running), false);
  assert.equal(changesDependents(nodeTask(cron), nodeTask(cron, runningStatus([row('sei-0')]))), false);
});
