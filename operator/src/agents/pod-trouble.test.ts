import assert from 'node:assert/strict';
import { test } from 'node:test';
import { toAgentPod } from './agent-pod.ts';

type Status = Readonly<Record<string, unknown>>;

/** A pod as the webhook makes it: the agent is a sidecar, between an init container of the chart and the node. */
const troubleOf = (status: Status, init: readonly Status[] = [], containers: readonly Status[] = []) =>
  toAgentPod({
    metadata: {
      name: 'sei-0',
      namespace: 'sei',
      uid: 'u',
      resourceVersion: '7',
      creationTimestamp: '2026-01-01T00:00:00Z',
    },
    spec: {
      initContainers: [
        { name: 'init-keys' },
        { name: 'mesh', restartPolicy: 'Always' },
        { name: 'nodetask-agent', restartPolicy: 'Always', ports: [{ name: 'nodetask', containerPort: 7777 }] },
        { name: 'late' },
      ],
      containers: [{ name: 'seid' }],
    },
    status: {
      phase: 'Pending',
      podIP: '10.1.2.3',
      ...status,
      initContainerStatuses: init,
      containerStatuses: containers,
    },
  }).trouble;

const waits = (name: string, reason: string, message?: string, more: Status = {}): Status => ({
  name,
  state: { waiting: { reason, message } },
  ...more,
});
const ended = (exitCode: number, more: Status = {}): Status => ({ terminated: { exitCode, reason: 'Error', ...more } });
const runs = (name: string, more: Status = {}): Status => ({
  name,
  state: { running: { startedAt: '2026-01-01T00:10:00Z' } },
  ...more,
});
const done = { name: 'init-keys', state: ended(0, { reason: 'Completed' }) };
const mesh = runs('mesh', { started: true });
const agent = 'nodetask-agent';

const cases: Readonly<Record<string, readonly [ReturnType<typeof troubleOf>, string, RegExp]>> = {
  'the image of the agent is not there': [
    troubleOf({}, [
      done,
      mesh,
      waits(agent, 'ImagePullBackOff', 'Back-off pulling image', { image: 'nodetask/nodetask-agent:0.1.0' }),
    ]),
    'ImageUnavailable',
    /^container nodetask-agent of pod sei-0 cannot get nodetask\/nodetask-agent:0\.1\.0 \(ImagePullBackOff\): Back-off pulling image$/,
  ],
  'the image of a container before it is not there': [
    troubleOf({}, [
      waits('init-keys', 'ErrImagePull', 'not found', { image: 'keys' }),
      waits(agent, 'PodInitializing'),
    ]),
    'ImageUnavailable',
    /^container init-keys of pod sei-0 cannot get keys \(ErrImagePull\): not found$/,
  ],
  'the agent crashes': [
    troubleOf({}, [
      done,
      mesh,
      waits(agent, 'CrashLoopBackOff', 'back-off 5m0s', {
        restartCount: 7,
        lastState: ended(64, { message: 'no such flag\n' }),
      }),
    ]),
    'CrashLooping',
    /^container nodetask-agent of pod sei-0 ends again and again \(CrashLoopBackOff, 7 restarts\), last with exit code 64: no such flag$/,
  ],
  'the agent is killed for its memory': [
    troubleOf({}, [
      done,
      mesh,
      waits(agent, 'CrashLoopBackOff', 'x', { restartCount: 1, lastState: ended(137, { reason: 'OOMKilled' }) }),
    ]),
    'CrashLooping',
    /\(CrashLoopBackOff, 1 restart\), last with OOMKilled \(exit code 137\); raise its memory limit$/,
  ],
  'the agent has been killed by a signal just now': [
    troubleOf({}, [done, mesh, { name: agent, state: ended(139, { signal: 11 }) }]),
    'CrashLooping',
    /^container nodetask-agent of pod sei-0 has ended with exit code 139, signal 11$/,
  ],
  'a container before it fails': [
    troubleOf({}, [
      waits('init-keys', 'CrashLoopBackOff', 'x', { restartCount: 3, lastState: ended(1) }),
      waits(agent, 'PodInitializing'),
    ]),
    'CrashLooping',
    /^container init-keys of pod sei-0 ends again and again \(CrashLoopBackOff, 3 restarts\), last with exit code 1$/,
  ],
  'a container before it still runs': [
    troubleOf({}, [runs('init-keys'), waits('mesh', 'PodInitializing'), waits(agent, 'PodInitializing')]),
    'ContainerWaiting',
    /^the agent of pod sei-0 has not started: init container init-keys comes before it and still runs$/,
  ],
  'a sidecar before it runs, and has not passed its startup probe': [
    troubleOf({}, [done, runs('mesh', { started: false }), waits(agent, 'PodInitializing')]),
    'ContainerWaiting',
    /init container mesh comes before it/,
  ],
  'its configuration is wrong': [
    troubleOf({}, [done, mesh, waits(agent, 'CreateContainerConfigError', 'secret "aws" not found')]),
    'ContainerWaiting',
    /^container nodetask-agent of pod sei-0 has not started \(CreateContainerConfigError\): secret "aws" not found$/,
  ],
  'no node takes the pod': [
    troubleOf({
      podIP: undefined,
      conditions: [
        {
          type: 'PodScheduled',
          status: 'False',
          reason: 'Unschedulable',
          message: '0/3 nodes are available: 3 Insufficient memory.',
        },
      ],
    }),
    'PodUnschedulable',
    /^pod sei-0 has no node yet \(Unschedulable\): 0\/3 nodes are available: 3 Insufficient memory\.$/,
  ],
  'the pod was evicted': [
    troubleOf({ phase: 'Failed', reason: 'Evicted', message: 'The node was low on resource: ephemeral-storage.' }, [
      { name: agent, state: ended(137) },
    ]),
    'PodEnded',
    /^pod sei-0 has ended \(Failed, Evicted\): The node was low on resource: ephemeral-storage\.$/,
  ],
};
for (const [what, [trouble, reason, message]] of Object.entries(cases)) {
  test(`the trouble of a pod: ${what}`, () => {
    assert.equal(trouble?.reason, reason);
    assert.match(trouble?.message ?? '', message);
  });
}

test("a container that comes after the agent is in nobody's way", () => {
  const trouble = troubleOf({}, [done, mesh, waits(agent, 'PodInitializing'), waits('late', 'CrashLoopBackOff', 'x')]);
  assert.match(trouble?.message ?? '', /^container nodetask-agent of pod sei-0 has not started \(PodInitializing\)$/);
});

test('a pod with an address has a node, whatever the scheduler has said before', () => {
  const conditions = [{ type: 'PodScheduled', status: 'False', reason: 'SchedulingGated', message: 'gated' }];
  assert.equal(troubleOf({ conditions }), undefined);
  assert.equal(troubleOf({ conditions, podIP: '' })?.reason, 'PodUnschedulable');
});

test('a pod whose agent runs has no trouble, whatever its other containers do', () => {
  const agentRuns = [done, mesh, runs(agent, { started: true })];
  for (const others of [
    [waits('seid', 'PodInitializing')],
    [waits('seid', 'CrashLoopBackOff', 'x', { lastState: ended(1) })],
    [waits('seid', 'ImagePullBackOff', 'x')],
  ]) {
    assert.equal(troubleOf({}, agentRuns, others), undefined);
    assert.equal(troubleOf({}, [...agentRuns, waits('late', 'CrashLoopBackOff')], others), undefined);
  }
});

test('an agent that was started again tells how it ended, and since when it runs', () => {
  const trouble = troubleOf({}, [
    done,
    mesh,
    runs(agent, { restartCount: 2, lastState: ended(137, { reason: 'OOMKilled' }) }),
  ]);
  assert.deepEqual(trouble, {
    reason: 'CrashLooping',
    message:
      'container nodetask-agent of pod sei-0 was started again (2 restarts) after it ended with OOMKilled (exit code 137); raise its memory limit',
    runsSince: Date.parse('2026-01-01T00:10:00Z'),
  });
});

test('nothing is said of a pod whose status says nothing, or something that no kubelet writes', () => {
  assert.equal(troubleOf({}), undefined);
  assert.equal(troubleOf({ conditions: 7 }, [{ name: agent, state: 'odd', lastState: [] }]), undefined);
  assert.equal(troubleOf({}, [{ name: agent, state: { waiting: 3, running: null } }]), undefined);
});

test('texts of a status are cut, and free of control characters', () => {
  const long = `a\n\u001b\u202e${'b'.repeat(100_000)}`;
  for (const trouble of [
    troubleOf({ phase: 'Failed', reason: long, message: long }),
    troubleOf({ podIP: '', conditions: [{ type: 'PodScheduled', status: 'False', reason: long, message: long }] }),
    troubleOf({}, [waits(agent, long, long)]),
    troubleOf({}, [waits(agent, 'ImagePullBackOff', long, { image: long })]),
    troubleOf({}, [{ name: agent, state: ended(1, { reason: long, message: long }) }]),
  ]) {
    assert.ok(trouble !== undefined && trouble.message.length < 800, String(trouble?.message.length));
    assert.doesNotMatch(trouble.message, /[\p{Cc}\u202e]/u);
  }
});
