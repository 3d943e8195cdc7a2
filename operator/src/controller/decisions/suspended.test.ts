import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type NodeTask, momentText } from '@nodetask/shared';
import { decide } from '../decide.ts';
import type { Decision } from '../decision.ts';
import {
  accepted,
  agentPod,
  at,
  cron,
  daemon,
  fanOut,
  gathered,
  height,
  idOf,
  oneShot,
  result,
  row,
  runningStatus,
  type Setup,
  start,
} from '../testing/fixtures.ts';

const finalizers = ['nodetask.dev/cancel'];
const ask = (setup: Setup): Decision => decide(gathered(setup));
const suspend = (spec: NodeTask['spec']): NodeTask['spec'] => ({ ...spec, suspend: true });
const kinds = ({ calls }: Decision): readonly string[] => calls.map(({ kind, pod }) => `${kind} ${pod.metadata.name}`);
const message = ({ status }: Decision): string | undefined => status?.conditions?.[0]?.message;
const shown = ({ status }: Decision): string =>
  (status?.conditions ?? []).map(({ type, status: value }) => `${value === 'True' ? '' : '!'}${type}`).join(' ');
const { startedAt: _, ...unstarted } = row('sei-1', { phase: 'Pending' });
const two = [agentPod('sei-0'), agentPod('sei-1')];

describe('a one-shot', () => {
  test('is not started, and no budget runs', () => {
    const decision = ask({ spec: suspend(oneShot), seconds: 1 });
    assert.deepEqual(kinds(decision), []);
    assert.equal(decision.finalizer, undefined);
    assert.equal(decision.requeueAfterMs, undefined);
    assert.equal(decision.status?.phase, 'Suspended');
    assert.equal(shown(decision), '!Ready Suspended');
    assert.equal(message(decision), 'suspended: nothing new is started until spec.suspend is false');
    assert.deepEqual(
      decision.status?.targets?.map(({ phase, message: text }) => [phase, text]),
      [['Pending', 'held back by spec.suspend']],
    );
  });
  test('needs no pod for that', () => {
    const spec = suspend(fanOut);
    const decision = ask({ spec, pods: [], seconds: 4_000 });
    assert.equal(shown(decision), '!Ready Suspended');
    assert.deepEqual(ask({ spec, pods: [], status: decision.status as NonNullable<Setup['status']>, seconds: 8_000 }), {
      calls: [],
      dropRows: [],
      events: [],
    });
  });
  test('has its whole wait budget once it is resumed', () => {
    const { status } = ask({ spec: suspend(fanOut), pods: [], seconds: 1 });
    const resumed = ask({ spec: fanOut, pods: [], status: status as NonNullable<Setup['status']>, seconds: 8_000 });
    assert.match(message(resumed) ?? '', new RegExp(`waiting until ${momentText(at(8_300))}$`));
  });
  test('that runs goes on, and shows nothing of it', () => {
    const setup: Setup = {
      spec: suspend(oneShot),
      status: runningStatus([row('sei-0')]),
      metadata: { finalizers },
      memory: { [idOf('sei-0')]: accepted() },
      seconds: 1,
    };
    const decision = ask(setup);
    assert.equal(decision.status?.phase, 'Running');
    assert.equal(shown(decision), '!Ready Reconciling');
    const done = ask({ ...setup, status: runningStatus([row('sei-0', { result: result({ status: 'completed' }) })]) });
    assert.equal(done.status?.phase, 'Succeeded');
  });
  test('that runs is only asked for after a restart of the operator, and held back where its agent has forgotten it', () => {
    const setup: Setup = { spec: suspend(oneShot), status: runningStatus([row('sei-0')]), metadata: { finalizers } };
    assert.deepEqual(kinds(ask(setup)), ['read sei-0']);
    const memory = { podUID: 'uid-of-sei-0', failures: 0, missing: true, readAt: start } as const;
    const forgotten = ask({ ...setup, memory: { [idOf('sei-0')]: memory } });
    assert.deepEqual(kinds(forgotten), []);
    assert.equal(forgotten.status?.phase, 'Suspended');
    assert.deepEqual(kinds(ask({ ...setup, spec: oneShot, memory: { [idOf('sei-0')]: memory } })), ['dispatch sei-0']);
  });
  test('over several targets lets the running one end, and starts no other', () => {
    const spec = suspend(fanOut);
    const rows = [row('sei-0'), unstarted];
    const setup: Setup = {
      spec,
      pods: two,
      status: runningStatus(rows),
      metadata: { finalizers },
      memory: { [idOf('sei-0')]: accepted() },
      seconds: 1,
    };
    assert.equal(ask(setup).status?.phase, 'Running');
    const ended = [row('sei-0', { phase: 'Succeeded' }), unstarted];
    const decision = ask({ ...setup, status: runningStatus(ended) });
    assert.deepEqual(kinds(decision), []);
    assert.equal(shown(decision), '!Ready Suspended');
    assert.equal(
      message(decision),
      'suspended: nothing new is started until spec.suspend is false; 1 of 2 targets held back',
    );
    const parallel = { ...spec, strategy: { maxParallel: 2, order: 'Name', failureThreshold: 0, onFailure: 'Stop' } };
    const both = ask({ ...setup, spec: parallel as NodeTask['spec'] });
    assert.match(message(both) ?? '', /; what runs on sei-0 goes on; 1 of 2 targets held back$/);
    assert.deepEqual(kinds(ask({ ...setup, spec: fanOut, status: runningStatus(ended) })), ['dispatch sei-1']);
  });
  test('makes no further attempt while suspended, and makes it at once afterwards', () => {
    const spec = { ...oneShot, retry: { limit: 1, backoffSeconds: 10, maxBackoffSeconds: 300 } };
    const setup: Setup = {
      spec: suspend(spec),
      status: runningStatus([row('sei-0', { phase: 'Pending', completedAt: at(5), message: 'boom' })]),
      metadata: { finalizers },
      seconds: 60,
    };
    const decision = ask(setup);
    assert.equal(shown(decision), '!Ready Suspended');
    assert.equal(decision.status?.targets?.[0]?.attempt, 1);
    assert.equal(decision.status?.targets?.[0]?.completedAt, at(5));
    assert.equal(ask({ ...setup, spec }).status?.targets?.[0]?.attempt, 2);
  });
  test('is cancelled and deleted all the same', () => {
    const decision = ask({ spec: { ...suspend(oneShot), cancel: true } });
    assert.equal(decision.status?.phase, 'Cancelled');
  });
});

/** A schedule that its agent has. */
const scheduled = (suspended: boolean, changes: Parameters<typeof row>[1] = {}): Setup => ({
  spec: suspend(cron),
  status: runningStatus([
    row('sei-0', {
      phase: 'Scheduled',
      result: result({ async: { schedule: { cron: '0 3 * * *', ...(suspended ? { suspend: true } : {}) } } }),
      ...changes,
    }),
  ]),
  metadata: { finalizers },
  memory: { [idOf('sei-0')]: accepted() },
  seconds: 1,
});

describe('a schedule', () => {
  test('that nobody has yet is not sent to its agent', () => {
    const decision = ask({ spec: suspend(cron) });
    assert.deepEqual(kinds(decision), []);
    assert.equal(shown(decision), 'Ready Suspended');
    assert.equal(decision.status?.phase, 'Suspended');
  });
  test('is suspended on its agent, in place', () => {
    const { calls } = ask(scheduled(false));
    assert.deepEqual(
      calls.map((call) => (call.kind === 'reschedule' ? call.update : call.kind)),
      [{ suspend: true }],
    );
  });
  test('is then as it should be, and its active run goes on', () => {
    const decision = ask(scheduled(true));
    assert.equal(shown(decision), 'Ready Suspended');
    const active = ask(scheduled(true, { runs: [{ run: 3, status: 'running', startedAt: at(0) }] }));
    assert.match(message(active) ?? '', /; what runs on sei-0 goes on$/);
  });
  test('is resumed in place', () => {
    const { calls } = ask({ ...scheduled(true), spec: cron });
    assert.deepEqual(
      calls.map((call) => (call.kind === 'reschedule' ? call.update : call.kind)),
      [{ suspend: false }],
    );
  });
  test('by block height likewise', () => {
    const changes = { result: result({ async: { schedule: { blockHeight: 100 } } }) };
    const { calls } = ask({ ...scheduled(false, changes), spec: suspend(height) });
    assert.deepEqual(
      calls.map(({ kind }) => kind),
      ['reschedule'],
    );
  });
  test('is not called suspended before its agent has told of it', () => {
    const decision = ask({ ...scheduled(true), status: runningStatus([row('sei-0', { phase: 'Scheduled' })]) });
    assert.equal(shown(decision), '!Ready Reconciling');
  });
});

describe('a daemon', () => {
  test('that runs goes on, and none is started', () => {
    const setup: Setup = {
      spec: suspend({ ...daemon, target: fanOut.target }),
      pods: two,
      status: runningStatus([row('sei-0', { result: result() })]),
      metadata: { finalizers },
      memory: { [idOf('sei-0')]: accepted() },
      seconds: 1,
    };
    const decision = ask(setup);
    assert.deepEqual(kinds(decision), []);
    assert.equal(shown(decision), 'Ready Suspended');
    assert.match(message(decision) ?? '', /; what runs on sei-0 goes on; 1 of 2 targets held back$/);
  });
});
