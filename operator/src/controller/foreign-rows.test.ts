import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { maxTargetRows, maxTargets, type NodeTaskStatus } from '@nodetask/shared';
import { decide } from './decide.ts';
import type { Decision } from './decision.ts';
import {
  accepted,
  agentPod,
  cron,
  fanOut,
  gathered,
  idOf,
  oneShot,
  result,
  row,
  runningStatus,
  type Setup,
} from './testing/fixtures.ts';

/** Rows of pods that the operator never dispatched to: whoever may write to status can make them up. */
type Row = NonNullable<NodeTaskStatus['targets']>[number];

const two = ['sei-0', 'sei-1'].map((name) => agentPod(name));
const memory = Object.fromEntries(
  ['sei-0', 'sei-1'].map((name) => [idOf(name), accepted({ podUID: `uid-of-${name}` })]),
);
/** A pod with an agent that the target does not select. */
const liar = agentPod('liar', { labels: {} });
const running = [row('sei-0'), row('sei-1')];

/** What such a row may say, at its worst: the right id, an end, work of another NodeTask. */
const lies: Readonly<Record<string, Partial<Row>>> = {
  'a failure under the right id': { result: result({ status: 'failed', errorCode: 'disk-full' }, 'liar') },
  'a success under the right id': { result: result({ status: 'completed' }, 'liar') },
  'running, under the right id': { result: result({}, 'liar') },
  'running, under an id of others': { result: { ...result(), id: idOf('sei-9', 'another run') } },
  nothing: {},
};

const specs = { 'one-shot': fanOut, schedule: { ...cron, target: fanOut.target } };

const ask = (setup: Setup): Decision => decide(gathered({ spec: fanOut, memory, seconds: 1, ...setup }));
const rowsOf = ({ status }: Decision): readonly string[] => status?.targets?.map(({ pod }) => pod) ?? [];

for (const [mode, spec] of Object.entries(specs)) {
  describe(`the row of a pod that is no target of a ${mode}`, () => {
    for (const [lie, part] of Object.entries(lies)) {
      for (const [where, pods] of Object.entries({ 'that runs': [...two, liar], 'that does not exist': two })) {
        test(`of a pod ${where}, which says ${lie}, moves nothing and goes`, () => {
          const foreign: Row = { pod: 'liar', ...part };
          const decision = ask({ spec, pods, status: runningStatus([...running, foreign]) });
          const without = ask({ spec, pods, status: runningStatus(running) });
          assert.deepEqual(decision, { ...without, dropRows: ['liar'] });
          assert.deepEqual(decision.calls, []);
        });
      }
    }
  });
}

test('256 of them move nothing and go, all at once', () => {
  const foreign = Array.from({ length: 256 }, (_, i): Row => ({ pod: `liar-${i}`, result: result({}, `liar-${i}`) }));
  const status = { observedGeneration: -1, targets: foreign };
  const first = ask({ pods: two, status, memory: {} });
  assert.deepEqual(
    first.calls.map(({ kind, pod }) => `${kind} ${pod.metadata.name}`),
    ['dispatch sei-0'],
  );
  const decision = ask({ pods: two, status });
  assert.deepEqual(rowsOf(decision), ['sei-0', 'sei-1']);
  assert.equal(decision.status?.counts?.desired, 2);
  assert.equal(decision.dropRows.length, 256);
});

test('they do not add up to too many targets', () => {
  const foreign = Array.from({ length: maxTargets }, (_, i): Row => ({ pod: `x-${i}`, result: result({}, `x-${i}`) }));
  const decision = ask({ pods: two, status: { observedGeneration: -1, targets: foreign } });
  assert.equal(
    decision.status?.conditions?.some(({ type }) => type === 'Stalled'),
    false,
  );
});

test('who writes them again and again has the operator write now and then', () => {
  const status = runningStatus([...running, { pod: 'liar' }]);
  const setup = { pods: two, status, droppedAt: Date.parse('2026-01-01T00:00:00Z') };
  const soon = ask(setup);
  assert.deepEqual(soon.dropRows, []);
  assert.equal(soon.requeueAfterMs, 4_000);
  assert.deepEqual(ask({ ...setup, seconds: 5 }).dropRows, ['liar']);
});

test('but at once where they take the room of the targets', () => {
  const pods = Array.from({ length: maxTargets }, (_, i) => agentPod(`sei-${i}`));
  const foreign = Array.from({ length: maxTargetRows - maxTargets + 1 }, (_, i): Row => ({ pod: `x-${i}` }));
  const status = { observedGeneration: -1, targets: foreign };
  const parallel = { ...fanOut, strategy: { maxParallel: maxTargets } };
  const known = Object.fromEntries(pods.map(({ metadata: { name, uid } }) => [idOf(name), accepted({ podUID: uid })]));
  const droppedAt = Date.parse('2026-01-01T00:00:00Z');
  const decision = ask({ spec: parallel, pods, status, memory: known, droppedAt });
  assert.equal(decision.status?.targets?.length, maxTargets);
  assert.equal(decision.dropRows.length, foreign.length);
  const fits = ask({
    spec: parallel,
    pods,
    status: { ...status, targets: foreign.slice(1) },
    memory: known,
    droppedAt,
  });
  assert.deepEqual(fits.dropRows, []);
});

describe('in every state of a NodeTask they go', () => {
  const foreign: Row = { pod: 'liar', result: result({}, 'liar') };
  const states: Readonly<Record<string, Setup>> = {
    finished: {
      spec: oneShot,
      status: runningStatus([row('sei-0', { phase: 'Succeeded' }), foreign], { phase: 'Succeeded' }),
    },
    suspended: { spec: { ...fanOut, suspend: true }, status: { observedGeneration: -1, targets: [foreign] } },
    'without a target': { pods: [], status: { observedGeneration: -1, targets: [foreign] } },
    'waiting for others': {
      spec: { ...fanOut, dependsOn: ['first'] },
      status: { observedGeneration: -1, targets: [foreign] },
    },
    cancelled: { spec: { ...fanOut, cancel: true }, status: { observedGeneration: -1, targets: [foreign] } },
  };
  for (const [state, setup] of Object.entries(states)) {
    test(state, () => {
      const decision = ask({ pods: [...two, liar], memory: {}, ...setup });
      assert.deepEqual(decision.dropRows, ['liar']);
      assert.deepEqual(decision.calls, []);
    });
  }

  test('deleted: with the object', () => {
    const metadata = { deletionTimestamp: '2026-01-01T00:00:00Z', finalizers: ['nodetask.dev/cancel'] };
    const decision = ask({ pods: [...two, liar], memory: {}, metadata, status: runningStatus([foreign]) });
    assert.deepEqual(decision.dropRows, []);
    assert.deepEqual(
      decision.calls.map(({ pod }) => pod.metadata.name),
      ['sei-0', 'sei-1'],
    );
  });
});

test('a row that only the agent wrote counts where the target names its pod: a crash came between dispatch and status', () => {
  const reported: Row = { pod: 'sei-1', result: result({ status: 'completed' }, 'sei-1') };
  const status = runningStatus([row('sei-0'), reported]);
  const decision = ask({ pods: two, status });
  assert.deepEqual(
    decision.status?.targets?.map(({ pod, phase }) => `${pod} ${phase}`),
    ['sei-0 Running', 'sei-1 Succeeded'],
  );
  assert.deepEqual(decision.dropRows, []);
});
