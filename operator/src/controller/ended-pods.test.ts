import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { maxTargets, type NodeTaskStatus, momentText } from '@nodetask/shared';
import type { AgentPod } from '../agents/agent-pod.ts';
import { decide } from './decide.ts';
import type { Decision } from './decision.ts';
import {
  accepted,
  agentPod,
  at,
  cron,
  fanOut,
  gathered,
  height,
  daemon,
  idOf,
  oneShot,
  podWithoutAddress,
  result,
  row,
  runningStatus,
  type Setup,
  start,
} from './testing/fixtures.ts';

/** Pods that can run nothing: they have ended (evicted, completed), or are being deleted. */
const evicted = (name: string): AgentPod => ({
  ...podWithoutAddress(name),
  unavailable: 'the pod has ended (Failed)',
  ended: true,
});
const leaving = (name: string, seconds = 0): AgentPod => ({ ...agentPod(name), leavingAt: start + seconds * 1000 });
const gone = { 'has ended': evicted, 'is being deleted': leaving };

const ask = (setup: Setup): Decision => decide(gathered(setup));
const kinds = ({ calls }: Decision): readonly string[] => calls.map(({ kind, pod }) => `${kind} ${pod.metadata.name}`);
const rowsOf = ({ status }: Decision): readonly string[] =>
  (status?.targets ?? []).map(({ pod, phase }) => `${pod} ${phase}`);
const saysWhy = ({ status }: Decision): string =>
  `${status?.conditions?.[0]?.reason}: ${status?.conditions?.[0]?.message}`;
const all = { maxParallel: '100%', order: 'Name', failureThreshold: '100%', onFailure: 'Continue' } as const;
const live = agentPod('web-live');
const onLive = { [idOf('web-live')]: accepted({ podUID: 'uid-of-web-live' }) };
const onTwo = {
  spec: { ...cron, target: fanOut.target },
  status: runningStatus(
    ['web-a', 'web-live'].map((name) => row(name, { phase: 'Scheduled', result: result({}, name) })),
  ),
};
const many = (count: number, pod: (name: string) => AgentPod): readonly AgentPod[] =>
  Array.from({ length: count }, (_, index) => pod(`web-${index}`));

for (const [how, pod] of Object.entries(gone)) {
  describe(`a pod that ${how} is no new target of a selector`, () => {
    for (const [mode, kind] of Object.entries({ 'one-shot': oneShot, cron, height, daemon })) {
      test(`of a ${mode}`, () => {
        const spec = { ...kind, target: fanOut.target };
        const setup = { spec, pods: [pod('web-a'), live] };
        assert.deepEqual(kinds(ask(setup)), ['dispatch web-live']);
        assert.deepEqual(
          ask({ ...setup, memory: onLive, seconds: 1 }).status?.targets?.map((target) => target.pod),
          ['web-live'],
        );
      });
    }

    test('so 256 of them beside a live one are not too many', () => {
      assert.deepEqual(kinds(ask({ spec: fanOut, pods: [...many(maxTargets, pod), live] })), ['dispatch web-live']);
    });

    test('so a percentage of failures is of those that can fail', () => {
      const spec = { ...fanOut, strategy: all };
      const end = (status: 'completed' | 'failed'): Decision =>
        ask({
          spec,
          pods: [...many(255, pod), live],
          status: runningStatus([row('web-live', { result: result({ status, error: 'boom' }, 'web-live') })]),
        });
      assert.equal(end('completed').status?.summary, '1/1');
      assert.deepEqual(end('completed').status?.counts, { desired: 1, running: 0, succeeded: 1, failed: 0 });
      const half = { ...spec, strategy: { ...all, failureThreshold: '50%' } };
      const failed = ask({
        spec: half,
        pods: [...many(255, pod), live],
        status: runningStatus([row('web-live', { result: result({ status: 'failed' }, 'web-live') })]),
      });
      assert.equal(failed.status?.phase, 'Failed');
    });

    test('so maxParallel is a share of those that run something', () => {
      const spec = { ...fanOut, strategy: { ...all, maxParallel: '50%' } };
      const two = [agentPod('web-x'), agentPod('web-y')];
      assert.deepEqual(kinds(ask({ spec, pods: [...many(10, pod), ...two] })), ['dispatch web-x']);
    });

    test('and where there is no other, the message says what they are', () => {
      const decision = ask({ spec: fanOut, pods: [pod('web-a'), pod('web-b')] });
      assert.equal(
        saysWhy(decision),
        `NoTarget: the pods that spec.target.selector (app=sei) matches can run nothing: web-a ${how}, web-b ${how}; waiting until ${momentText(at(300))}`,
      );
      assert.deepEqual(rowsOf(decision), []);
      const { status } = decision;
      assert.deepEqual(
        kinds(ask({ spec: fanOut, pods: [pod('web-a'), live], status: status as NodeTaskStatus, seconds: 1 })),
        ['dispatch web-live'],
      );
    });

    test('a target that waits for it gives it up, as long as nothing was sent there', () => {
      const { startedAt: _, ...waiting } = row('web-a', { phase: 'Pending' });
      const status = runningStatus([waiting], { phase: 'Pending' });
      delete (status as { startedAt?: string }).startedAt;
      const decision = ask({ spec: fanOut, pods: [pod('web-a'), live], status, memory: onLive, seconds: 1 });
      assert.deepEqual(decision.calls, []);
      assert.deepEqual(rowsOf(decision), ['web-live Running']);
      assert.deepEqual(decision.dropRows, ['web-a']);
    });
  });

  describe(`a pod that ${how} stays a target`, () => {
    test('by its name: the next one of that name is waited for', () => {
      const spec = { ...oneShot, target: { podName: 'web-a' } };
      assert.deepEqual(rowsOf(ask({ spec, pods: [evicted('web-a')] })), ['web-a Pending']);
      assert.deepEqual(kinds(ask({ spec, pods: [agentPod('web-a', { uid: 'next' })] })), ['dispatch web-a']);
    });

    test('of a one-shot that was sent there', () => {
      const status = runningStatus([row('web-a'), row('web-live')]);
      const decision = ask({ spec: fanOut, pods: [pod('web-a'), live], status, memory: onLive, seconds: 1 });
      assert.deepEqual(decision.status?.targets?.map((target) => target.pod) ?? ['web-a', 'web-live'], [
        'web-a',
        'web-live',
      ]);
      assert.deepEqual(decision.dropRows, []);
    });

    test('of a one-shot that has begun elsewhere and has its turn to come', () => {
      const { startedAt: _, ...waiting } = row('web-z', { phase: 'Pending' });
      const status = runningStatus([row('web-live', { result: result({ status: 'completed' }, 'web-live') }), waiting]);
      assert.deepEqual(rowsOf(ask({ spec: fanOut, pods: [pod('web-z'), live], status })).length, 2);
    });

    test('where status has not heard yet that it was sent there', () => {
      const memory = { [idOf('web-a')]: accepted({ podUID: 'uid-of-web-a' }) };
      assert.deepEqual(
        ask({ spec: fanOut, pods: [pod('web-a')], memory, seconds: 1 }).status?.targets?.map((target) => target.pod),
        ['web-a'],
      );
      const reported = { observedGeneration: -1, targets: [{ pod: 'web-a', result: result({}, 'web-a') }] };
      assert.deepEqual(
        ask({ spec: fanOut, pods: [pod('web-a')], status: reported }).status?.targets?.map((target) => target.pod),
        ['web-a'],
        'its agent has reported',
      );
    });

    test('of a schedule, until the wait budget ends', () => {
      const silence = { since: start, message: 'no answer' };
      const web = accepted({ podUID: 'uid-of-web-a', ...(pod === leaving ? { silence, retryAt: start + 1e9 } : {}) });
      const setup = { ...onTwo, pods: [pod('web-a'), live], memory: { ...onLive, [idOf('web-a')]: web } };
      const outOfReachSince = new Map(pod === evicted ? [['web-a', start]] : []);
      const early = ask({ ...setup, outOfReachSince, seconds: 299 });
      assert.deepEqual(early.dropRows, []);
      assert.equal(early.requeueAfterMs, 1_000, 'it is looked at again then');
      const late = ask({ ...setup, outOfReachSince, seconds: 300 });
      assert.deepEqual(
        late.calls.filter(({ kind }) => kind === 'remove'),
        [],
        'nothing is removed from the volume that the next pod may have',
      );
      assert.deepEqual(
        late.status?.targets?.map((target) => target.pod),
        ['web-live'],
      );
    });
  });
}

test('a schedule stays on a pod that is being deleted for as long as its agent answers', () => {
  const memory = { ...onLive, [idOf('web-a')]: accepted({ podUID: 'uid-of-web-a', readAt: start + 3_600_000 }) };
  const { dropRows, calls } = ask({ ...onTwo, pods: [leaving('web-a'), live], memory, seconds: 3_600 });
  assert.deepEqual([dropRows, calls.filter(({ kind }) => kind === 'remove')], [[], []]);
});

test('a pod that is made again under the name of one that has ended is a target again', () => {
  const spec = { ...cron, target: fanOut.target };
  const rows = [row('web-0', { phase: 'Scheduled', result: result({ run: 4 }, 'web-0') })];
  const next = agentPod('web-0', { uid: 'next' });
  const [call] = ask({ spec, pods: [next], status: runningStatus(rows), seconds: 5 }).calls;
  assert.equal(call?.kind, 'dispatch');
  assert.equal(call.taskID, idOf('web-0'));
});

test('the work on a pod that is being deleted is stopped with the NodeTask, also where status does not know of it', () => {
  const metadata = { finalizers: ['nodetask.dev/cancel'], deletionTimestamp: at(0) };
  assert.deepEqual(kinds(ask({ spec: fanOut, pods: [leaving('web-a')], metadata })), ['remove web-a']);
});

describe('a selector that nothing matches', () => {
  const spec = { ...oneShot, target: { selector: { matchLabels: { app: 'sie' } } } };
  test('is shown, with what there is in its place', () => {
    assert.equal(
      saysWhy(ask({ spec, pods: [evicted('a'), ...['e', 'd', 'c', 'b'].map((name) => agentPod(name))] })),
      `NoTarget: no pod matches spec.target.selector (app=sie); pods with an agent in namespace sei: b (app=sei), c (app=sei), d (app=sei) and 1 more; waiting until ${momentText(at(300))}`,
    );
  });
  test('is shown where no pod has an agent', () => {
    assert.match(
      saysWhy(ask({ spec, pods: [] })),
      /^NoTarget: no pod matches spec\.target\.selector \(app=sie\); namespace sei has no pod with an agent \(label nodetask\.dev\/agent=enabled\); waiting/,
    );
  });
  test('says what a pod lacks that an expression asks for', () => {
    const selector = { matchExpressions: [{ key: 'role', operator: 'In' as const, values: ['rpc', 'seed'] }] };
    assert.match(
      saysWhy(ask({ spec: { ...oneShot, target: { selector } }, pods: [agentPod('a')] })),
      /spec\.target\.selector \(role in \(rpc,seed\)\); pods with an agent in namespace sei: a \(no role\);/,
    );
  });
  test('is cut where it is long, and so is what the pods have', () => {
    const keys = Array.from({ length: 60 }, (_, index) => `key-${index}`);
    const labels = Object.fromEntries(keys.map((key) => [key, 'x'.repeat(60)]));
    const selector = { matchLabels: Object.fromEntries(keys.slice(0, 16).map((key) => [key, 'y'.repeat(60)])) };
    const pods = many(300, (name) => agentPod(name, { labels }));
    const said = saysWhy(ask({ spec: { ...oneShot, target: { selector } }, pods }));
    assert.ok(said.length < 900, `${said.length} characters`);
    assert.match(said, /and 297 more; waiting until/);
  });
  test('says so as well when the budget has ended', () => {
    const status = { ...runningStatus([], { phase: 'Pending' }) };
    assert.match(
      saysWhy(ask({ spec, pods: [], status, seconds: 301 })),
      /\(app=sie\); .*; gave up after spec\.target\.waitSeconds \(300 s\)$/,
    );
    assert.match(
      saysWhy(ask({ spec: { ...cron, target: spec.target }, pods: [], status, seconds: 301 })),
      /; waits for longer than spec\.target\.waitSeconds \(300 s\)$/,
    );
  });
});
