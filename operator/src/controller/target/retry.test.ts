import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { momentText } from '@nodetask/shared';
import { decide } from '../decide.ts';
import type { Decision } from '../decision.ts';
import { taskID } from '../task-id.ts';
import {
  accepted,
  agentPod,
  at,
  gathered,
  idOf,
  oneShot,
  result,
  row,
  runningStatus,
  type Setup,
  start,
  uid,
  view,
} from '../testing/fixtures.ts';
import { decideTarget } from './decide-target.ts';
import { backoffMs } from './retry-backoff.ts';

const policy = { limit: 2, backoffSeconds: 10, maxBackoffSeconds: 300 };
const spec = { ...oneShot, retry: policy };
const secondID = taskID({ nodeTaskUID: uid, runID: undefined, pod: 'sei-0', attempt: 2 });
const lastID = taskID({ nodeTaskUID: uid, runID: undefined, pod: 'sei-0', attempt: 3 });
const pause = backoffMs(policy, 1, idOf('sei-0')) / 1000;
const broken = { status: 'failed', errorCode: 'disk-full', error: 'no space', retriable: true } as const;

/** A first attempt that has failed. */
const failed = (changes: Parameters<typeof result>[0] = {}, own: Parameters<typeof row>[1] = {}): Setup => ({
  spec,
  status: runningStatus([row('sei-0', { result: result({ ...broken, completedAt: at(5), ...changes }), ...own })]),
  metadata: { finalizers: ['nodetask.dev/cancel'] },
  seconds: 6,
});
const decided = (setup: Setup): Decision => decide(gathered(setup));
const condition = ({ status }: Decision, type: string): string | undefined =>
  status?.conditions?.find((one) => one.type === type && one.status === 'True')?.reason;
const ready = ({ status }: Decision): string | undefined => status?.conditions?.[0]?.message;
const events = (decision: Decision): readonly string[] =>
  decision.events.map(({ reason, note }) => `${reason}: ${note}`);

/** The setup after the decision was written. */
const written = (setup: Setup, { status }: Decision, seconds: number): Setup => ({
  ...setup,
  status: {
    ...status,
    targets: (status?.targets ?? []).map((own) => ({ ...setup.status?.targets?.[0], ...own })),
  },
  seconds,
});

describe('an attempt that failed and may be tried again', () => {
  test('backs off, says until when, and tells so once', () => {
    const decision = decided(failed());
    assert.equal(decision.status?.phase, 'Pending');
    assert.equal(condition(decision, 'Reconciling'), 'BackingOff');
    assert.equal(condition(decision, 'Stalled'), undefined);
    assert.equal(
      ready(decision),
      `attempt 1 on sei-0 failed: disk-full: no space; attempt 2 of 3 begins at ${momentText(at(6 + pause))}`,
    );
    assert.deepEqual(decision.status?.targets, [
      {
        pod: 'sei-0',
        podUID: 'uid-of-sei-0',
        phase: 'Pending',
        attempt: 1,
        taskID: idOf('sei-0'),
        message: 'disk-full: no space',
        startedAt: at(0),
        completedAt: at(6),
      },
    ]);
    assert.deepEqual(events(decision), [
      'Retrying: Attempt 1 on sei-0 failed: disk-full: no space. It is tried again, as spec.retry says.',
    ]);
    assert.equal(decision.requeueAfterMs, pause * 1000);
    assert.equal(decision.finalizer, undefined);
    const again = decided(written(failed(), decision, 7));
    assert.deepEqual(again, { calls: [], dropRows: [], events: [], requeueAfterMs: (pause - 1) * 1000 });
  });

  test('has its next number on status before anything goes to the agent', () => {
    const waiting = written(failed(), decided(failed()), 6 + pause);
    const next = decided(waiting);
    assert.deepEqual(next.calls, []);
    assert.deepEqual(next.events, []);
    assert.equal(next.requeueAfterMs, 0);
    assert.deepEqual(next.status?.targets, [
      { pod: 'sei-0', phase: 'Pending', attempt: 2, taskID: secondID, message: 'attempt 2 of 3 on sei-0 begins' },
    ]);
    const row2 = next.status.targets[0];
    const dispatched = decided({
      ...waiting,
      status: { ...next.status, targets: [{ result: result(broken), ...row2, pod: 'sei-0' }] },
    });
    assert.deepEqual(
      dispatched.calls.map(({ kind, taskID: id }) => [kind, id]),
      [['dispatch', secondID]],
    );
  });

  test('does so from status alone, where the result is gone and nothing is remembered', () => {
    const { result: _, ...backingOff } = row('sei-0', { phase: 'Pending', completedAt: at(6), message: 'no space' });
    const setup = { ...failed(), status: runningStatus([backingOff]) };
    const waiting = decideTarget(view({ ...setup, seconds: 7 }));
    assert.equal(waiting.reason, 'BackingOff');
    assert.equal(waiting.attemptFailure, 'no space');
    assert.equal(waiting.wakeAt, start + (6 + pause) * 1000);
    assert.equal(decideTarget(view({ ...setup, seconds: 6 + pause })).nextAttempt, 2);
  });

  test('is told also where the operator came too late for the pause', () => {
    const { result: _, ...first } = row('sei-0');
    const before = { ...failed(), status: runningStatus([{ ...first, attempt: 1 }]) };
    const second = { pod: 'sei-0', attempt: 2, taskID: secondID, startedAt: at(50) };
    const decision = decided({
      ...before,
      status: runningStatus([{ ...second, phase: 'Running', result: result({ ...broken, id: secondID }) }]),
      seconds: 60,
    });
    assert.match(events(decision)[0] ?? '', /^Retrying: Attempt 2 on sei-0 failed/);
  });

  test('has failed for good once the attempts are spent', () => {
    const last = { attempt: 3, taskID: lastID };
    const decision = decided(failed({ id: lastID }, last));
    assert.equal(condition(decision, 'Failed'), 'TaskFailed');
    assert.equal(ready(decision), 'disk-full on sei-0: no space (attempt 3 of 3)');
    assert.equal(decision.status?.targets?.[0]?.attempt, 3);
    assert.equal(decision.finalizer, 'remove');
  });

  test('has failed at once where the limit is lowered meanwhile', () => {
    const waiting = written(failed(), decided(failed()), 7);
    const decision = decided({ ...waiting, spec: oneShot });
    assert.equal(ready(decision), 'disk-full on sei-0 (spec.retry would have tried again): no space');
    assert.equal(decision.status?.targets?.[0]?.completedAt, at(6));
  });

  test('is cancelled by spec.cancel while it waits, and not failed', () => {
    const waiting = written(failed(), decided(failed()), 7);
    const decision = decided({ ...waiting, spec: { ...spec, cancel: true } });
    assert.deepEqual(decision.calls, [], 'nothing of it runs');
    assert.equal(decision.status?.phase, 'Cancelled');
  });
});

describe('what is not tried again', () => {
  test('a failure that another attempt cannot mend', () => {
    const verdict = decideTarget(view(failed({ errorCode: 'file-missing', retriable: false })));
    assert.equal(verdict.state, 'failed');
    assert.match(verdict.message, /^file-missing: no space \(not retried: another attempt would fail as well\)$/);
  });
  test('a result without a word on it, by its code', () => {
    const { retriable: _, ...silent } = broken;
    const setup = (errorCode: string): Setup => ({
      ...failed(),
      status: runningStatus([row('sei-0', { result: { ...result({ ...silent, errorCode }) } })]),
    });
    assert.equal(decideTarget(view(setup('interrupted'))).reason, 'BackingOff');
    assert.equal(decideTarget(view(setup('invalid-params'))).state, 'failed');
    assert.equal(decideTarget(view(setup('of-a-newer-agent'))).state, 'failed');
  });
  test('a task that was cancelled on its agent', () => {
    assert.equal(decideTarget(view(failed({ cancelled: true }))).state, 'cancelled');
  });
  test('a request that the agent refuses', () => {
    const memory = { podUID: 'uid-of-sei-0', failures: 0 };
    const dispatch = { kind: 'refused', generation: 1, code: 'invalid-params', message: 'x' } as const;
    const verdict = decideTarget(view({ spec, memory: { [idOf('sei-0')]: { ...memory, dispatch } } }));
    assert.equal(verdict.reason, 'Rejected');
  });
});

test('timeoutSeconds counts for each attempt: the end of one says nothing about the next', () => {
  const timed = { ...spec, timeoutSeconds: 60 };
  const secondRow = row('sei-0', { attempt: 2, taskID: secondID, startedAt: at(100) });
  const memory = { [secondID]: accepted({}, 100) };
  const verdict = decideTarget(view({ spec: timed, status: runningStatus([secondRow]), memory, seconds: 150 }));
  assert.equal(verdict.reason, 'Running');
  const late = { ...accepted({ stopped: true }, 100) };
  const stopped = decideTarget(
    view({ spec: timed, status: runningStatus([secondRow]), memory: { [secondID]: late }, seconds: 200 }),
  );
  assert.equal(stopped.reason, 'BackingOff');
  const silent = decideTarget(
    view({
      spec: timed,
      status: runningStatus([secondRow]),
      memory: { [secondID]: accepted({ silence: { since: start, message: 'x' } }, 100) },
      seconds: 200,
    }),
  );
  assert.equal(silent.state, 'failed', 'what may still run is not run a second time');
});

test('the wait for a pod begins anew with each attempt', () => {
  const { startedAt: _, ...secondRow } = row('sei-0', { attempt: 2, taskID: secondID, phase: 'Pending' });
  const verdict = decideTarget(view({ spec, pods: [], status: runningStatus([secondRow]), seconds: 4_000 }));
  assert.equal(verdict.reason, 'NoTarget');
  assert.equal(verdict.state, 'pending');
});

/** Of a one-shot without spec.retry, unless told otherwise. */
const told = (changes: Parameters<typeof result>[0], more: Setup = {}): string | undefined =>
  ready(decided({ ...failed(changes), spec: oneShot, ...more }));

describe('a failed one-shot without spec.retry', () => {
  test('says that spec.retry would have tried again, where another attempt may succeed', () => {
    const retriable = 'disk-full on sei-0 (spec.retry would have tried again): no space';
    assert.equal(told({}), retriable);
    assert.doesNotMatch(told({}, { spec: { ...oneShot, retry: { ...policy, limit: 0 } } }) ?? '', /spec\.retry/);
    assert.equal(told({ retriable: false }), 'disk-full on sei-0: no space');
    assert.doesNotMatch(told({ cancelled: true }) ?? '', /spec\.retry/);
  });

  test('says so once for all its targets, also for those that failed before', () => {
    const selector = { ...oneShot, target: { selector: { matchLabels: { app: 'sei' } } } };
    const rows = ['sei-0', 'sei-1', 'sei-2'].map((pod, index) =>
      row(pod, {
        result: result({ ...broken, retriable: index === 0, completedAt: at(5) }, pod),
        ...(index === 0 ? { phase: 'Failed', message: 'disk-full: no space' } : {}),
      }),
    );
    const setup = {
      spec: selector,
      pods: rows.map(({ pod }) => agentPod(pod)),
      status: runningStatus(rows),
      seconds: 6,
    };
    const message = ready(decided(setup)) ?? '';
    assert.match(
      message,
      /^3 of 3 targets failed \(spec\.retry would have tried again\); disk-full on sei-0, sei-1, sei-2: no space/,
    );
    assert.equal(message.split('spec.retry').length, 2);
  });
});
