import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { cron, fanOut, idOf } from './testing/fixtures.ts';
import { isTerminal } from './run-context.ts';
import { takesWork } from './select-pods.ts';
import { Crash, World } from './testing/world.ts';

const pods = ['sei-0', 'sei-1', 'sei-2'] as const;
const pod = fc.constantFrom(...pods);

/** How a task ends: well, in a way that may be tried again, or for good. */
const errorCode = fc.constantFrom(undefined, 'interrupted' as const, 'file-missing' as const);

/** Completing is the usual case; a dependency that fails ends those that have not begun. */
const dependencyPhase = fc.constantFrom(
  undefined,
  'Running' as const,
  'Succeeded' as const,
  'Succeeded' as const,
  'Failed' as const,
);

/** What may happen to a NodeTask and the world around it. */
const event = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('reconcile' as const) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('end' as const), pod, code: errorCode }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('report' as const), pod, back: fc.nat(1) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('crash' as const), after: fc.nat(6) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('restart' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('network' as const), pod, up: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('replace' as const), pod, keepsJournal: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('take-finalizer' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('delete-pod' as const), pod }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('evict-pod' as const), pod }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('leave-pod' as const), pod }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('new-pod' as const), pod: fc.constant('sei-3') }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('give-up' as const), pod }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('dependency' as const), phase: dependencyPhase }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('suspend' as const), suspend: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('runID' as const), runID: fc.constantFrom('a', 'b', 'c') }) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('time' as const), seconds: fc.constantFrom(0.1, 1, 31, 301) }),
  },
);
type Event = typeof event extends fc.Arbitrary<infer E> ? E : never;

const happen = (world: World, what: Event): void => {
  switch (what.kind) {
    case 'reconcile':
      reconcile(world);
      break;
    case 'end':
      world.end(what.pod, what.code);
      break;
    case 'report':
      world.report(what.pod, what.back);
      break;
    case 'crash':
      world.dieAfter = what.after;
      break;
    case 'restart':
      world.restartOperator();
      break;
    case 'network': {
      const agent = world.agents.get(what.pod);
      if (agent !== undefined) agent.reachable = what.up;
      break;
    }
    case 'give-up':
      world.restartOperator();
      for (const [up, seconds] of [
        [true, 31],
        [false, 301],
        [false, 301],
        [true, 1],
      ] as const) {
        const agent = world.agents.get(what.pod);
        if (agent !== undefined) agent.reachable = up;
        reconcile(world);
        world.now += seconds * 1000;
      }
      reconcile(world);
      break;
    case 'replace':
      if (!what.keepsJournal) world.agents.delete(what.pod);
      world.addPod(what.pod);
      break;
    case 'take-finalizer':
      world.takeFinalizer();
      break;
    case 'delete-pod':
      world.pods.delete(what.pod);
      break;
    case 'evict-pod':
      world.evictPod(what.pod);
      break;
    case 'leave-pod':
      world.leavePod(what.pod);
      break;
    case 'new-pod':
      world.addPod(what.pod);
      break;
    case 'dependency':
      world.dependencyIs(what.phase);
      break;
    case 'suspend':
      world.suspend(what.suspend);
      break;
    case 'runID':
      world.changeRunID(what.runID);
      break;
    case 'time':
      world.now += what.seconds * 1000;
      break;
    default:
      what satisfies never;
  }
};

/** A reconcile that may die in any of its steps, and then a new operator. */
const reconcile = (world: World): void => {
  try {
    world.reconcile();
    checkHeld(world);
  } catch (error) {
    if (!(error instanceof Crash)) throw error;
    world.restartOperator();
  }
};

/** What may run on an agent is never without the finalizer, whoever has taken that off. */
const checkHeld = ({ nodeTask: { metadata, status } }: World): void => {
  if (isTerminal(status?.phase) || metadata.deletionTimestamp !== undefined) return;
  const begun = status?.targets?.find((row) => row.startedAt !== undefined && row.phase === 'Running');
  if (begun !== undefined) assert.deepEqual(metadata.finalizers, ['nodetask.dev/cancel'], JSON.stringify(begun));
};

/** What holds after every single event. */
const checkAlways = (world: World, before: World['nodeTask']): void => {
  const { status, spec } = world.nodeTask;
  const conditions = new Map((status?.conditions ?? []).map((condition) => [condition.type, condition.status]));
  assert.ok(!(conditions.get('Reconciling') === 'True' && conditions.get('Stalled') === 'True'));
  if ((status?.observedGeneration ?? -1) >= 0) assert.ok(conditions.has('Ready'));

  const old = before.status;
  if (isTerminal(old?.phase) && spec.runID === old?.runID) {
    assert.equal(status?.phase, old?.phase, 'a terminal phase is left only with a new runID');
  }
  for (const row of old?.targets ?? []) {
    const now = status?.targets?.find(({ pod: name, taskID }) => name === row.pod && taskID === row.taskID);
    const later = status?.targets?.find(({ pod: name }) => name === row.pod);
    if (old?.runID === status?.runID && row.attempt !== undefined && later?.attempt !== undefined) {
      assert.ok([0, 1].includes(later.attempt - row.attempt), 'attempts come one after the other');
    }
    if (isTerminal(row.phase) && now !== undefined) assert.equal(now.phase, row.phase, 'an ended row stays as it is');
  }
};

/** Everything works, everything ends: after that the NodeTask has to end too. */
const calmDown = (world: World, { ending = true } = {}): void => {
  world.restartOperator();
  world.suspend(false);
  world.dependencyIs('Succeeded');
  for (const name of pods) {
    const there = world.pods.get(name);
    if (there === undefined || !takesWork(there)) world.addPod(name);
  }
  for (const agent of world.agents.values()) agent.reachable = true;
  for (let round = 0; round < 6; round++) {
    world.reconcile();
    for (const name of world.agents.keys()) {
      if (ending) world.end(name);
      for (const back of [2, 1, 0]) {
        world.report(name, back);
        world.reconcile();
      }
    }
    world.now += 16_000;
  }
  world.reconcile();
};

const retrying = { ...fanOut, retry: { limit: 2, backoffSeconds: 10, maxBackoffSeconds: 15 } };
const depending = { ...retrying, dependsOn: ['first'] };
const parallel = {
  ...retrying,
  strategy: { maxParallel: 2, order: 'Ordinal' as const, failureThreshold: '50%', onFailure: 'Continue' as const },
};
const anySpec = fc.constantFrom(fanOut, retrying, depending, parallel);

test('any order of events, crashes included, ends in one final state and stays there', () => {
  fc.assert(
    fc.property(anySpec, fc.array(event, { maxLength: 40 }), (spec, events) => {
      const world = new World(spec, pods);
      for (const what of events) {
        const before = world.nodeTask;
        happen(world, what);
        checkAlways(world, before);
      }
      calmDown(world);
      assert.ok(world.ended, `ended, not ${world.phase}`);

      const again = world.decide();
      assert.deepEqual(again, { calls: [], dropRows: [], events: [] }, 'there is nothing left to do');
      assert.deepEqual(world.nodeTask.metadata.finalizers ?? [], []);
      const running = [...world.agents.values()].flatMap(({ tasks }) =>
        [...tasks.values()].filter(({ status }) => status === 'running'),
      );
      assert.deepEqual(running, []);
    }),
    { numRuns: 150 },
  );
});

test('without lost journals each task starts at most once, however often the operator dies', () => {
  const calm = event.filter((what) => what.kind !== 'replace');
  fc.assert(
    fc.property(anySpec, fc.array(calm, { maxLength: 40 }), (spec, events) => {
      const world = new World(spec, pods);
      for (const what of events) happen(world, what);
      calmDown(world);
      for (const { starts } of world.agents.values()) {
        for (const [id, count] of starts) assert.equal(count, 1, `${id} started ${count} times`);
      }
    }),
    { numRuns: 100 },
  );
});

/** Ids of the tasks on each agent. */
const tasksOf = (world: World): readonly string[][] => [...world.agents.values()].map(({ tasks }) => [...tasks.keys()]);

test('a schedule ends up exactly once on each of its pods, and nowhere once it is deleted', () => {
  const spec = { ...cron, target: fanOut.target };
  fc.assert(
    fc.property(
      fc.array(
        event.filter(({ kind }) => kind !== 'end'),
        { maxLength: 30 },
      ),
      (events) => {
        const world = new World(spec, pods);
        for (const what of events) {
          const before = world.nodeTask;
          happen(world, what);
          checkAlways(world, before);
        }
        calmDown(world, { ending: false });
        const { runID } = world.nodeTask.spec;
        assert.deepEqual(
          tasksOf(world),
          [...world.agents.keys()].map((name) => [idOf(name, runID)]),
        );
        assert.deepEqual(world.decide().calls, []);
        for (const { tasks } of world.agents.values()) {
          for (const { async } of tasks.values()) assert.notEqual(async?.schedule?.suspend, true, 'resumed');
        }

        world.delete();
        reconcile(world);
        assert.deepEqual(tasksOf(world).flat(), []);
        assert.deepEqual(world.nodeTask.metadata.finalizers, []);
      },
    ),
    { numRuns: 100 },
  );
});

test('decide is pure: the same input, the same decision', () => {
  fc.assert(
    fc.property(anySpec, fc.array(event, { maxLength: 20 }), (spec, events) => {
      const world = new World(spec, pods);
      for (const what of events) {
        happen(world, what);
        assert.deepEqual(world.decide(), world.decide());
      }
    }),
    { numRuns: 100 },
  );
});
