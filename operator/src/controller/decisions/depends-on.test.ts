import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { NodeTask, NodeTaskStatus } from '@nodetask/shared';
import { decide } from '../decide.ts';
import type { Decision } from '../decision.ts';
import {
  at,
  cron,
  daemon,
  fanOut,
  gathered,
  height,
  nodeTask,
  oneShot,
  row,
  runningStatus,
  type Setup,
} from '../testing/fixtures.ts';

const ended = (phase: string, message = 'as it is', changes: Partial<NodeTaskStatus> = {}): NodeTaskStatus => ({
  observedGeneration: 1,
  phase,
  completedAt: at(1_000),
  conditions: [
    { type: 'Ready', status: 'False', observedGeneration: 1, lastTransitionTime: at(0), reason: 'X', message },
  ],
  ...changes,
});

type Others = Readonly<Record<string, readonly [NodeTask['spec'], NodeTaskStatus?]>>;

/** `job`, which depends on all of `others` that are named. */
const ask = (others: Others, { names = Object.keys(others), ...setup }: Setup & { names?: string[] } = {}): Decision =>
  decide(
    gathered({
      spec: { ...oneShot, ...setup.spec, dependsOn: names },
      ...setup,
      ...(setup.spec === undefined ? {} : { spec: { ...setup.spec, dependsOn: names } }),
      dependencies: new Map(
        Object.entries(others).map(([name, [spec, status]]) => [name, nodeTask(spec, status, { name })]),
      ),
    }),
  );
const shown = ({ status }: Decision): string =>
  (status?.conditions ?? []).map(({ type, status: value }) => `${value === 'True' ? '' : '!'}${type}`).join(' ');
const said = ({ status }: Decision): string => {
  const [ready] = status?.conditions ?? [];
  return `${ready?.reason}: ${ready?.message}`;
};
const kinds = ({ calls }: Decision): readonly string[] => calls.map(({ kind, pod }) => `${kind} ${pod.metadata.name}`);

test('begins once all have completed', () => {
  const others: Others = { a: [oneShot, ended('Succeeded')], b: [height, ended('Succeeded')] };
  assert.deepEqual(kinds(ask(others)), ['dispatch sei-0']);
});

test('waits for what runs and for what does not exist, without a timer', () => {
  const decision = ask(
    { a: [oneShot, runningStatus([])], c: [oneShot, ended('Succeeded')] },
    { names: ['a', 'b', 'c'] },
  );
  assert.equal(said(decision), 'DependencyUnfinished: waits for a, b to complete; there is no NodeTask b yet');
  assert.equal(shown(decision), '!Ready Reconciling');
  assert.equal(decision.status?.phase, 'Pending');
  assert.deepEqual(decision.calls, []);
  assert.equal(decision.requeueAfterMs, undefined);
  assert.deepEqual(
    decision.status?.targets?.map(({ pod, phase }) => `${pod} ${phase}`),
    ['sei-0 Pending'],
  );
});

test('waits for the run that spec asks for: the end of an earlier one does not count', () => {
  const decision = ask({ a: [{ ...oneShot, runID: '2' }, ended('Succeeded')] });
  assert.match(said(decision), /^DependencyUnfinished/);
});

test('has its whole wait budget from when the last of them completed', () => {
  const others: Others = { a: [oneShot, ended('Succeeded')] };
  const { status } = ask({ a: [oneShot] }, { pods: [] });
  const setup = { pods: [], status: status as NodeTaskStatus, seconds: 1_100 };
  assert.match(said(ask(others, setup)), new RegExp(`^NoTarget: .*waiting until ${at(1_300)}$`));
  assert.match(said(ask(others, { ...setup, seconds: 1_301 })), /^NoTarget: .*gave up after/);
  const begun = runningStatus([row('sei-0')], { startedAt: at(2_000) });
  const spec = { ...fanOut, strategy: { maxParallel: 2, order: 'Name', failureThreshold: 0, onFailure: 'Stop' } };
  const { startedAt: _, ...other } = row('sei-1', { phase: 'Pending' });
  const two = { ...begun, targets: [...(begun.targets ?? []), other] };
  const later = ask({}, { names: ['a'], spec: spec as NodeTask['spec'], status: two, seconds: 2_100 });
  assert.doesNotMatch(said(later), /gave up/);
});

describe('fails with the name of', () => {
  test('one that failed', () => {
    const others: Others = {
      a: [oneShot, runningStatus([])],
      b: [oneShot, ended('Failed', 'failed on sei-0: disk-full: no space')],
    };
    const decision = ask(others, { metadata: { finalizers: ['nodetask.dev/cancel'] } });
    const why = 'NodeTask b, which spec.dependsOn names, has failed (failed on sei-0: disk-full: no space)';
    assert.equal(said(decision), `DependencyFailed: ${why}`);
    assert.equal(shown(decision), '!Ready Stalled Failed Finished');
    assert.equal(decision.finalizer, 'remove');
    assert.deepEqual(
      decision.events.map(({ reason, note }) => `${reason}: ${note}`),
      [`Failed: ${why}. Correct what it names, then change spec.runID to run the task again.`],
    );
    assert.deepEqual(
      decision.status?.targets?.map(({ phase, message }) => `${phase}: ${message}`),
      ['Cancelled: not started: see spec.dependsOn'],
    );
  });
  test('one that was cancelled', () => {
    assert.match(said(ask({ a: [oneShot, ended('Cancelled')] })), /^DependencyFailed: NodeTask a, .* was cancelled$/);
  });
});

const on = (...dependencies: readonly string[]): readonly [NodeTask['spec']] => [
  { ...oneShot, dependsOn: [...dependencies] },
];

describe('cannot go on', () => {
  test('in a cycle, which is named', () => {
    const decision = ask({ a: on('b'), b: on('job') }, { names: ['a'] });
    assert.equal(
      said(decision),
      'DependencyCycle: spec.dependsOn makes a cycle: job → a → b → job; take one of them out',
    );
    assert.equal(shown(decision), '!Ready Stalled');
    assert.match(decision.events[0]?.note ?? '', /It goes on by itself once that is corrected\.$/);
  });
  test('in a long one, whose ends are named', () => {
    const long = Object.fromEntries(
      Array.from({ length: 50 }, (_, n) => [`t${n}`, on(n === 49 ? 'job' : `t${n + 1}`)]),
    );
    assert.match(said(ask(long, { names: ['t0'] })), /: job → t0 → t1 → .* → … → t49 → job; take/);
  });
  test('after what never completes', () => {
    assert.match(said(ask({ a: [cron] })), /^DependencyEndless: NodeTask a, /);
    assert.match(said(ask({ a: [daemon] })), /^DependencyEndless: NodeTask a, /);
  });
});

test('what has begun depends on nothing any more', () => {
  const setup = { status: runningStatus([row('sei-0')]), metadata: { finalizers: ['nodetask.dev/cancel'] } };
  assert.deepEqual(kinds(ask({ a: [oneShot, ended('Failed')] }, setup)), ['dispatch sei-0']);
  assert.deepEqual(kinds(ask({}, { ...setup, names: ['gone'] })), ['dispatch sei-0']);
});

test('spec.suspend comes first, and spec.cancel before both', () => {
  const spec = { ...oneShot, suspend: true };
  assert.match(said(ask({ a: [oneShot, ended('Failed')] }, { spec })), /^Suspended/);
  assert.match(said(ask({ a: [oneShot] }, { spec: { ...spec, cancel: true } })), /^Cancelled/);
});

test('holds for schedules and daemons too', () => {
  assert.match(said(ask({ a: [oneShot] }, { spec: cron })), /^DependencyUnfinished/);
  assert.deepEqual(kinds(ask({ a: [oneShot, ended('Succeeded')] }, { spec: cron })), ['dispatch sei-0']);
});
