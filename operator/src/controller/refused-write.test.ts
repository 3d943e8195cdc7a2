import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ApiError } from '../kube/api-error.ts';
import { decide } from './decide.ts';
import { type RefusedWrite, refusalEvent, tellingRefusals, type Write } from './refused-write.ts';
import type { StatusWrites } from './status-writer.ts';
import {
  accepted,
  gathered,
  idOf,
  nodeTask,
  oneShot,
  result,
  row,
  runningStatus,
  type Setup,
} from './testing/fixtures.ts';

const signal = new AbortController().signal;
const object = nodeTask(oneShot);

/** A writer whose writes all fail with this error. */
const failing = (fault: Error): StatusWrites => {
  const fail = async (): Promise<never> => Promise.reject(fault);
  return { apply: fail, dropRows: fail, addFinalizer: fail, removeFinalizer: fail, delete: fail };
};

/** What is told of each write where the API server answers so. */
const toldOf = async (error: Error): Promise<readonly (RefusedWrite | undefined)[]> => {
  const told: (RefusedWrite | undefined)[] = [];
  const writer = tellingRefusals(failing(error), (_, refused) => told.push(refused));
  const calls = [
    writer.apply(object, {}, signal),
    writer.dropRows(object, [], signal),
    writer.addFinalizer(object, signal),
    writer.removeFinalizer(object, signal),
    writer.delete(object, signal),
  ];
  for (const call of calls) await assert.rejects(call, (thrown) => thrown === error);
  return told;
};

test('each write that the API server refuses is told, in its words', async () => {
  const said = "ValidatingAdmissionPolicy 'p' with binding 'b' denied request: no finalizers here";
  for (const code of [400, 403, 413, 422]) {
    const told = await toldOf(new ApiError(`PATCH /x: ${code}: ${said}`, { code, reason: 'Invalid', said }));
    assert.deepEqual(
      told.map((refused) => refused?.write),
      ['status', 'rows', 'finalizer', 'finalizer_removal', 'deletion'] satisfies Write[],
    );
    assert.ok(told.every((refused) => refused?.said === said));
  }
  const webhook = { code: 500, reason: 'InternalError', said: 'failed calling webhook "x": connection refused' };
  assert.equal((await toldOf(new ApiError('x', webhook))).length, 5);
});

test('a write that fails for another reason is no refusal', async () => {
  for (const code of [0, 401, 404, 409, 429, 500, 503]) {
    assert.deepEqual(await toldOf(new ApiError('x', { code, reason: 'x', said: 'x' })), [], String(code));
  }
  assert.deepEqual(await toldOf(new Error('x')), []);
});

test('a write that the API server takes is told as well', async () => {
  const told: unknown[] = [];
  const writer = {
    ...failing(new Error('no')),
    addFinalizer: async () => Promise.resolve(object),
  };
  await tellingRefusals(writer, (...args) => told.push(args)).addFinalizer(object, signal);
  assert.deepEqual(told, [['finalizer', undefined]]);
});

const refused: RefusedWrite = { write: 'finalizer', said: 'policy p denied request: no finalizers' };
const ready = (setup: Setup): string => {
  const [condition] = decide(gathered(setup)).status?.conditions ?? [];
  return condition === undefined ? '' : `${condition.reason}: ${condition.message}`;
};

test('a finalizer that is refused is said on status, and asked for again', () => {
  const decision = decide(gathered({ refused }));
  assert.equal(decision.finalizer, 'add');
  assert.deepEqual(
    decision.calls.map(({ kind }) => kind),
    ['dispatch'],
  );
  assert.equal(
    ready({ refused }),
    'WriteRefused: the API server refuses the operator the finalizer nodetask.dev/cancel, without which nothing is started: policy p denied request: no finalizers',
  );
  assert.equal(decision.status?.phase, 'Pending');
  assert.equal(decision.status.conditions?.find(({ type }) => type === 'Reconciling')?.status, 'True');
});

test('what is said of a refusal stays the same until another is made: nothing more is written', () => {
  const { status = {} } = decide(gathered({ refused }));
  const again = decide(gathered({ refused, status, seconds: 60 }));
  assert.deepEqual([again.status, again.events], [undefined, []]);
  assert.match(ready({ refused: { ...refused, said: 'policy q' }, status }), /policy q/);
});

test('a refused finalizer is said of what runs without it, and of what is deleted and cannot go', () => {
  const setup: Setup = {
    status: runningStatus([row('sei-0')]),
    memory: { [idOf('sei-0')]: accepted() },
    refused,
    seconds: 5,
  };
  assert.match(ready(setup), /^WriteRefused: /);
  const goes = {
    metadata: { finalizers: ['nodetask.dev/cancel'], deletionTimestamp: '2026-01-01T00:00:00Z' },
    refused: { ...refused, write: 'finalizer_removal' },
  } as const;
  assert.match(
    ready({ ...goes, pods: [] }),
    /^WriteRefused: .* that the finalizer nodetask\.dev\/cancel is taken off: /,
  );
});

test('a refusal is not said where the finalizer is not asked for, or something else was refused', () => {
  assert.doesNotMatch(ready({ refused, pods: [] }), /WriteRefused/);
  assert.doesNotMatch(ready({ refused: { ...refused, write: 'status' } }), /WriteRefused/);
  const done = result({ status: 'completed', outcome: 'changed' });
  const ended = { status: runningStatus([row('sei-0', { result: done })]), refused };
  assert.match(ready(ended), /^Succeeded/);
});

test('the event of a refusal names the write, the words of the API server and what to do', () => {
  assert.equal(
    refusalEvent({ write: 'status', said: 'policy p denied request: no' }).note,
    'The API server refuses the operator the status of this NodeTask, so that it does not show what is so: policy p denied request: no. Have the policy, the webhook or the role named there allow it; the operator tries again by itself.',
  );
});
