import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type NodeTask, type NodeTaskStatus, momentText } from '@nodetask/shared';
import { decide } from '../decide.ts';
import type { Decision } from '../decision.ts';
import {
  accepted,
  at,
  cron,
  daemon,
  fanOut,
  gathered,
  height,
  idOf,
  nodeTask,
  oneShot,
  row,
  runningStatus,
  type Setup,
  start,
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

test('waits for what runs, without a timer', () => {
  const decision = ask({
    a: [oneShot, runningStatus([])],
    b: [oneShot],
    c: [oneShot, ended('Succeeded')],
  });
  assert.equal(said(decision), 'AwaitsDependency: waits for a, b to complete');
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
  assert.match(said(decision), /^AwaitsDependency/);
});

test('has its whole wait budget from when the last of them completed', () => {
  const others: Others = { a: [oneShot, ended('Succeeded')] };
  const { status } = ask({ a: [oneShot] }, { pods: [] });
  const setup = { pods: [], status: status as NodeTaskStatus, seconds: 1_100 };
  assert.match(said(ask(others, setup)), new RegExp(`^NoTarget: .*waiting until ${momentText(at(1_300))}$`));
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
      b: [oneShot, ended('Failed', 'disk-full on sei-0: no space')],
    };
    const decision = ask(others, { metadata: { finalizers: ['nodetask.dev/cancel'] } });
    const why =
      'NodeTask b, which spec.dependsOn names, failed at 2026-01-01 00:16:40 UTC (disk-full on sei-0: no space)';
    assert.equal(said(decision), `DependencyFailed: ${why}`);
    assert.equal(shown(decision), '!Ready Stalled Failed Finished');
    assert.equal(decision.finalizer, 'remove');
    assert.deepEqual(
      decision.events.map(({ reason, note }) => `${reason}: ${note}`),
      [`Failed: ${why}. To run it again, change spec.runID.`],
    );
    assert.deepEqual(
      decision.status?.targets?.map(({ phase, message }) => `${phase}: ${message}`),
      ['Cancelled: not started: see spec.dependsOn'],
    );
  });
  test('one that was cancelled', () => {
    assert.match(
      said(ask({ a: [oneShot, ended('Cancelled')] })),
      /^DependencyFailed: NodeTask a, .* was cancelled at 2026-01-01 00:16:40 UTC$/,
    );
  });
});

/** The status that a decision leaves, as that of the next look. */
const then = ({ status }: Decision): NodeTaskStatus => ({
  observedGeneration: 1,
  ...status,
  targets: status?.targets ?? [],
});

describe('what had failed before the run was asked for', () => {
  const old: Others = {
    a: [{ ...oneShot, runID: '1' }, ended('Failed', 'no space', { runID: '1', completedAt: at(-60) })],
  };
  const spec = { ...oneShot, runID: '2' };
  const first = ask(old, { spec });

  test('may be run again by the same commit, and is waited for', () => {
    assert.equal(
      said(first),
      `DependencyFailed: NodeTask a, which spec.dependsOn names, failed at ${momentText(at(-60))} (no space); waits until ${momentText(at(30))} for another run of it`,
    );
    assert.equal(shown(first), '!Ready Reconciling', 'in progress for all tools');
    assert.equal(first.status?.phase, 'Pending');
    assert.equal(first.requeueAfterMs, 30_000);
    const again: Others = {
      a: [{ ...oneShot, runID: '2' }, ended('Failed', 'no space', { runID: '1', completedAt: at(-60) })],
    };
    const waiting = ask(again, { spec, status: then(first), seconds: 1 });
    assert.equal(said(waiting), 'AwaitsDependency: waits for a to complete', 'the old error is not quoted');
    const done: Others = {
      a: [{ ...oneShot, runID: '2' }, ended('Succeeded', '', { runID: '2', completedAt: at(2) })],
    };
    assert.deepEqual(kinds(ask(done, { spec, status: then(waiting), seconds: 2 })), ['dispatch sei-0']);
    const bad: Others = {
      a: [{ ...oneShot, runID: '2' }, ended('Failed', 'again', { runID: '2', completedAt: at(2) })],
    };
    const end = ask(bad, { spec, status: then(waiting), seconds: 2 });
    assert.equal(shown(end), '!Ready Stalled Failed Finished', 'the new run is not waited for twice');
    assert.match(said(end), /\(again\)$/);
  });

  test('fails a one-shot in the end, over restarts of the operator too', () => {
    const { status, requeueAfterMs } = ask(old, { spec, status: then(first), seconds: 29 });
    assert.deepEqual([status, requeueAfterMs], [undefined, 1_000]);
    const end = ask(old, { spec, status: then(first), seconds: 30 });
    assert.equal(shown(end), '!Ready Stalled Failed Finished');
    assert.equal(
      said(end),
      `DependencyFailed: NodeTask a, which spec.dependsOn names, failed at ${momentText(at(-60))} (no space)`,
    );
    assert.deepEqual(end.status?.history, [
      '2026-01-01T00:00:30Z runID 2 Failed 0/1: NodeTask a, which spec.dependsOn names, failed at 2025-12-31 23:59 UTC (no space)',
    ]);
  });

  test('gives the next run its own time, however long the run before has waited', () => {
    const before: Others = { a: [{ ...oneShot, runID: '1' }, runningStatus([], { runID: '1' })] };
    const waiting = ask(before, { spec: { ...spec, runID: '1' } });
    const memory = { [idOf('sei-0', '1')]: accepted({ stopped: true }) };
    const later = ask(old, { spec, status: then(waiting), memory, seconds: 1_000 });
    assert.equal(later.requeueAfterMs, 30_000);
    assert.equal(ask(old, { spec, status: then(later), seconds: 1_001 }).requeueAfterMs, 29_000);
  });

  test('stalls a schedule or daemon, which goes on by itself', () => {
    for (const recurring of [
      { ...cron, runID: '2' },
      { ...daemon, runID: '2' },
    ]) {
      const held = ask(old, { spec: recurring });
      assert.equal(shown(held), '!Ready Reconciling');
      const stalled = ask(old, { spec: recurring, status: then(held), seconds: 30 });
      assert.equal(shown(stalled), '!Ready Stalled');
      assert.equal(
        ask(old, { spec: recurring, status: then(stalled), seconds: 999 }).status,
        undefined,
        'and stays so',
      );
      const done: Others = { a: [oneShot, ended('Succeeded', '', { completedAt: at(1_000) })] };
      assert.deepEqual(kinds(ask(done, { spec: recurring, status: then(stalled), seconds: 1_011 })), []);
      const settled = ask(done, { spec: recurring, status: then(stalled), seconds: 1_011 });
      assert.deepEqual(kinds(ask(done, { spec: recurring, status: then(settled), seconds: 1_021 })), [
        'dispatch sei-0',
      ]);
    }
  });

  test('fails at once what was released before', () => {
    const [ready] = first.status?.conditions ?? [];
    assert.ok(ready);
    const waitsForItsPod = { ...then(first), conditions: [{ ...ready, reason: 'NoTarget' }] };
    assert.equal(shown(ask(old, { spec, status: waitsForItsPod })), '!Ready Stalled Failed Finished');
  });
});

test('one that failed by its own dependencies is quoted without their errors, which may be gone', () => {
  const message = 'NodeTask z, which spec.dependsOn names, failed (chainId is wrong)';
  const conditions = [
    {
      type: 'Failed',
      status: 'True',
      observedGeneration: 1,
      lastTransitionTime: at(0),
      reason: 'DependencyFailed',
      message,
    } as const,
  ];
  const decision = ask({
    a: [{ ...oneShot, dependsOn: ['z'] }, ended('Failed', message, { conditions: [...conditions] })],
  });
  assert.equal(
    said(decision),
    `DependencyFailed: NodeTask a, which spec.dependsOn names, failed at ${momentText(at(1_000))} because of what it depends on: see NodeTask z`,
  );
});

describe('what had completed another run before', () => {
  const old: Others = { a: [oneShot, ended('Succeeded', '', { completedAt: at(-60) })] };
  const spec = { ...oneShot, runID: '2' };
  const first = ask(old, { spec });

  test('has a moment to be run again, too', () => {
    assert.equal(
      said(first),
      `AwaitsDependency: this is runID 2, and a completed another; waits until ${momentText(at(10))} for 1 new run`,
    );
    assert.equal(first.requeueAfterMs, 10_000);
    const again: Others = { a: [{ ...oneShot, runID: '2' }, ended('Succeeded', '', { completedAt: at(-60) })] };
    assert.equal(
      said(ask(again, { spec, status: then(first), seconds: 1 })),
      'AwaitsDependency: waits for a to complete',
    );
  });

  test('counts as it is after that, and the whole wait budget begins', () => {
    assert.deepEqual(kinds(ask(old, { spec, status: then(first), seconds: 10 })), ['dispatch sei-0']);
    assert.match(
      said(ask(old, { spec, status: then(first), pods: [], seconds: 10 })),
      new RegExp(`^NoTarget: .*${momentText(at(310))}$`),
    );
  });

  test('counts at once where it is the same run, or a run without a name', () => {
    const same: Others = {
      a: [{ ...oneShot, runID: '2' }, ended('Succeeded', '', { runID: '2', completedAt: at(-60) })],
    };
    assert.deepEqual(kinds(ask(same, { spec })), ['dispatch sei-0']);
    assert.deepEqual(kinds(ask(old)), ['dispatch sei-0']);
  });

  test('counts at once where it has completed since', () => {
    const since: Others = {
      a: [{ ...oneShot, runID: '3' }, ended('Succeeded', '', { runID: '3', completedAt: at(1) })],
    };
    assert.deepEqual(kinds(ask(since, { spec, status: then(first), seconds: 2 })), ['dispatch sei-0']);
  });

  test('holds nothing back that was released before', () => {
    const stalled = ask(old, {
      spec: { ...cron, runID: '2' },
      pods: [],
      status: then(ask(old, { spec: { ...cron, runID: '2' } })),
      seconds: 311,
    });
    assert.match(said(stalled), /^NoTarget: stalled on sei-0: there is no pod sei-0; .*; waits for longer than/);
    const still = ask(old, { spec: { ...cron, runID: '2' }, pods: [], status: then(stalled), seconds: 400 });
    assert.equal(still.status, undefined);
  });
});

/** `job`, which depends on one that is being deleted. */
const afterLeaving = (status: NodeTaskStatus): Decision =>
  decide(
    gathered({
      spec: { ...oneShot, dependsOn: ['a'] },
      dependencies: new Map([['a', nodeTask(oneShot, status, { name: 'a', deletionTimestamp: at(0) })]]),
    }),
  );

describe('a dependency that is not there', () => {
  const missing = { names: ['chekc'], missingSince: new Map([['chekc', start]]) };
  const near = { nearNames: new Map([['chekc', 'check']]) };

  test('is named from the first moment, with what may have been meant, and an event', () => {
    const decision = ask({}, { ...missing, ...near });
    const text = `there is no NodeTask chekc in namespace sei (did you mean check?); waiting until ${momentText(at(300))}`;
    assert.equal(said(decision), `DependencyAbsent: ${text}`);
    assert.equal(shown(decision), '!Ready Reconciling');
    assert.equal(decision.requeueAfterMs, 300_000);
    assert.deepEqual(
      decision.events.map(({ type, reason, note }) => `${type} ${reason}: ${note}`),
      [`Warning DependencyAbsent: T${text.slice(1)}.`],
    );
    const again = ask({}, { ...missing, ...near, status: then(decision), seconds: 100 });
    assert.deepEqual([again.status, again.events, again.requeueAfterMs], [undefined, [], 200_000]);
  });

  test('has failed a one-shot when the wait budget ends', () => {
    const status = then(ask({}, missing));
    const end = ask(
      {},
      { ...missing, ...near, status, seconds: 300, metadata: { finalizers: ['nodetask.dev/cancel'] } },
    );
    assert.equal(
      said(end),
      'DependencyAbsent: there is no NodeTask chekc in namespace sei (did you mean check?); gave up after spec.target.waitSeconds (300 s): apply it, or correct spec.dependsOn',
    );
    assert.equal(shown(end), '!Ready Stalled Failed Finished');
    assert.equal(end.finalizer, 'remove');
    assert.match(end.events[0]?.note ?? '', /^There is no NodeTask chekc .* change spec\.runID/);
  });

  test('stalls a schedule then, which goes on when it comes', () => {
    const held = ask({}, { ...missing, spec: cron });
    const stalled = ask({}, { ...missing, spec: cron, status: then(held), seconds: 300 });
    assert.match(said(stalled), /^DependencyAbsent: .*; waits for longer than spec\.target\.waitSeconds \(300 s\)/);
    assert.equal(shown(stalled), '!Ready Stalled');
    assert.equal(ask({}, { ...missing, spec: cron, status: then(stalled), seconds: 400 }).status, undefined);
    const come = ask({ chekc: [oneShot] }, { names: ['chekc'], spec: cron, status: then(stalled), seconds: 500 });
    assert.match(said(come), /^AwaitsDependency/);
  });

  test('has its budget from when it went, and none while it is suspended', () => {
    const waiting = ask({ chekc: [oneShot] });
    const gone = { names: ['chekc'], missingSince: new Map([['chekc', start + 1_000_000]]), status: then(waiting) };
    assert.match(said(ask({}, { ...gone, seconds: 1_000 })), new RegExp(`waiting until ${momentText(at(1_300))}$`));
    const suspended = ask({}, { ...missing, spec: { ...oneShot, suspend: true } });
    const resumed = ask({}, { ...missing, status: then(suspended), seconds: 10_000 });
    assert.match(said(resumed), new RegExp(`waiting until ${momentText(at(10_300))}$`));
  });

  test('is one that is being deleted before it has completed, and not one that has', () => {
    assert.match(
      said(afterLeaving(runningStatus([]))),
      /^DependencyAbsent: NodeTask a is being deleted and has not completed; waiting until/,
    );
    assert.match(said(afterLeaving(ended('Failed'))), /^DependencyAbsent: NodeTask a is being deleted/);
    assert.deepEqual(kinds(afterLeaving(ended('Succeeded'))), ['dispatch sei-0']);
  });

  test('is said beside others that are waited for, which have no budget', () => {
    const decision = ask({ a: [oneShot, runningStatus([])] }, { ...missing, names: ['a', 'chekc'] });
    assert.match(said(decision), /^DependencyAbsent: there is no NodeTask chekc .*; waits for a to complete, too$/);
    const unfinished = ask({ a: [oneShot, runningStatus([])] });
    assert.equal(
      ask({ a: [oneShot, runningStatus([])] }, { status: then(unfinished), seconds: 1e6 }).status,
      undefined,
    );
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
    assert.match(said(ask({ a: [cron] })), /^DependsOnEndless: NodeTask a, /);
    assert.match(said(ask({ a: [daemon] })), /^DependsOnEndless: NodeTask a, /);
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
  assert.match(said(ask({ a: [oneShot] }, { spec: cron })), /^AwaitsDependency/);
  assert.deepEqual(kinds(ask({ a: [oneShot, ended('Succeeded')] }, { spec: cron })), ['dispatch sei-0']);
});
