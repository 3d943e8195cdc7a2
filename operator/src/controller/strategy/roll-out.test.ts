import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { NodeTaskSpec, TargetStatus } from '@nodetask/shared';
import {
  accepted,
  agentPod,
  at,
  context,
  fanOut,
  idOf,
  result,
  row,
  runningStatus,
  type Setup,
} from '../testing/fixtures.ts';
import { rollOut } from './roll-out.ts';

type Strategy = NonNullable<NodeTaskSpec['strategy']>;

const pods = ['sei-0', 'sei-1', 'sei-2', 'sei-3'];

const setup = (strategy: Partial<Strategy>, rows: readonly TargetStatus[], more: Setup = {}): Setup => ({
  spec: {
    ...fanOut,
    strategy: { maxParallel: 1, order: 'Name', failureThreshold: 0, onFailure: 'Stop', ...strategy },
  },
  pods: pods.map((name) => agentPod(name)),
  status: runningStatus(rows),
  seconds: 100,
  ...more,
});

const states = (strategy: Partial<Strategy>, rows: readonly TargetStatus[], more: Setup = {}): readonly string[] =>
  rollOut(context(setup(strategy, rows, more)), pods).targets.map(
    ({ view, verdict }) => `${view.pod} ${verdict.state}`,
  );

/** Pods that something is sent to. */
const sent = (strategy: Partial<Strategy>, rows: readonly TargetStatus[], more: Setup = {}): readonly string[] =>
  rollOut(context(setup(strategy, rows, more)), pods).targets.flatMap(({ view, verdict }) =>
    (verdict.calls ?? []).map(() => view.pod),
  );

const { startedAt: _, ...pending } = row('', { phase: 'Pending' });
const waiting = (pod: string): TargetStatus => ({ ...pending, pod, taskID: idOf(pod) });
const succeeded = (pod: string, second = 1): TargetStatus =>
  row(pod, { phase: 'Succeeded', completedAt: at(second), result: result({ status: 'completed' }, pod) });
const failed = (pod: string): TargetStatus => row(pod, { result: result({ status: 'failed', error: 'boom' }, pod) });
const running = (pod: string): TargetStatus => row(pod, { result: result({}, pod) });
const known = (...names: readonly string[]): Setup => ({
  memory: Object.fromEntries(names.map((name) => [idOf(name), accepted({ podUID: `uid-of-${name}` }, 99)])),
});

describe('maxParallel', () => {
  test('without a strategy one target at a time, in order of name', () => {
    const ctx = context({ spec: fanOut, pods: pods.map((name) => agentPod(name)) });
    assert.deepEqual(
      rollOut(ctx, pods).targets.map(({ verdict }) => verdict.state),
      ['pending', 'waiting', 'waiting', 'waiting'],
    );
  });
  test('bounds how many are on their way', () => {
    assert.deepEqual(sent({ maxParallel: 3 }, []), ['sei-0', 'sei-1', 'sei-2']);
    assert.deepEqual(sent({ maxParallel: 3 }, [running('sei-1')], known('sei-1')), ['sei-0', 'sei-2']);
  });
  test('of a percentage is at least one', () => {
    assert.deepEqual(sent({ maxParallel: '10%' }, []), ['sei-0']);
    assert.deepEqual(sent({ maxParallel: '74%' }, []), ['sei-0', 'sei-1']);
  });
  test('an end makes room for the next', () => {
    assert.deepEqual(states({}, [succeeded('sei-0'), waiting('sei-1')]), [
      'sei-0 succeeded',
      'sei-1 pending',
      'sei-2 waiting',
      'sei-3 waiting',
    ]);
  });
  test('lowered half-way, what has begun goes on', () => {
    assert.deepEqual(
      states({ maxParallel: 1 }, [running('sei-0'), running('sei-2'), waiting('sei-1')], known('sei-0', 'sei-2')),
      ['sei-0 running', 'sei-1 waiting', 'sei-2 running', 'sei-3 waiting'],
    );
  });
  test('a target that waits for its agent keeps its place', () => {
    const busy = {
      podUID: 'uid-of-sei-0',
      failures: 1,
      retryAt: Number.MAX_SAFE_INTEGER,
      dispatch: { kind: 'busy' } as const,
    };
    assert.deepEqual(states({}, [], { memory: { [idOf('sei-0')]: busy } }), [
      'sei-0 blocked',
      'sei-1 waiting',
      'sei-2 waiting',
      'sei-3 waiting',
    ]);
  });
  test('a target that ended without having begun keeps its place until status says so', () => {
    const refused = accepted({ dispatch: { kind: 'refused', generation: 1, code: 'invalid', message: 'no' } });
    const more = { memory: { [idOf('sei-0')]: refused } };
    assert.deepEqual(states({ onFailure: 'Continue' }, [], more), [
      'sei-0 failed',
      'sei-1 waiting',
      'sei-2 waiting',
      'sei-3 waiting',
    ]);
    assert.deepEqual(sent({ onFailure: 'Continue' }, [row('sei-0', { phase: 'Failed', completedAt: at(1) })], more), [
      'sei-1',
    ]);
  });
});

describe('order', () => {
  test('by ordinal, sei-9 comes before sei-10', () => {
    const ctx = context({
      spec: { ...fanOut, strategy: { maxParallel: 1, order: 'Ordinal', failureThreshold: 0, onFailure: 'Stop' } },
      pods: ['sei-10', 'sei-9'].map((name) => agentPod(name)),
    });
    assert.deepEqual(
      rollOut(ctx, ['sei-10', 'sei-9']).targets.map(({ view, verdict }) => `${view.pod} ${verdict.state}`),
      ['sei-9 pending', 'sei-10 waiting'],
    );
  });
});

describe('more failures than failureThreshold', () => {
  const rows = [failed('sei-0'), running('sei-1'), waiting('sei-2'), waiting('sei-3')];
  const memory = known('sei-0', 'sei-1');

  test('Stop: what runs goes on, the rest ends and says why', () => {
    const { targets, halted } = rollOut(context(setup({ maxParallel: 2 }, rows, memory)), pods);
    assert.equal(halted, 'Stop');
    assert.deepEqual(
      targets.map(({ verdict }) => verdict.state),
      ['failed', 'running', 'cancelled', 'cancelled'],
    );
    assert.equal(
      targets[3]?.verdict.message,
      'not started: 1 target failed, more than spec.strategy.failureThreshold (0)',
    );
  });
  test('Pause: the rest waits', () => {
    assert.deepEqual(states({ maxParallel: 2, onFailure: 'Pause' }, rows, memory), [
      'sei-0 failed',
      'sei-1 running',
      'sei-2 waiting',
      'sei-3 waiting',
    ]);
  });
  test('a raised threshold lets a paused one go on', () => {
    const strategy = { maxParallel: 2, onFailure: 'Pause', failureThreshold: '25%' } as const;
    assert.deepEqual(sent(strategy, rows, memory), ['sei-2']);
  });
  test('Continue: all run', () => {
    assert.deepEqual(sent({ maxParallel: 2, onFailure: 'Continue' }, rows, memory), ['sei-2']);
  });
  test('not more than the threshold: it goes on', () => {
    assert.deepEqual(sent({ maxParallel: 2, failureThreshold: 1 }, rows, memory), ['sei-2']);
    assert.deepEqual(sent({ maxParallel: 2, failureThreshold: '24%' }, rows, memory), []);
  });
  test('a target that somebody cancelled on its agent counts', () => {
    const cancelled = row('sei-0', { result: result({ status: 'failed', cancelled: true }) });
    assert.deepEqual(sent({}, [cancelled]), []);
  });
});

describe('the wait for a pod whose turn came late', () => {
  const rows = [succeeded('sei-0', 1000), waiting('sei-1')];
  const without = pods.filter((name) => name !== 'sei-1').map((name) => agentPod(name));

  test('begins with its turn', () => {
    assert.deepEqual(states({}, rows, { pods: without, seconds: 1299 }).slice(0, 2), [
      'sei-0 succeeded',
      'sei-1 pending',
    ]);
  });
  test('and ends', () => {
    assert.deepEqual(states({}, rows, { pods: without, seconds: 1300 }).slice(0, 2), [
      'sei-0 succeeded',
      'sei-1 failed',
    ]);
  });
});
