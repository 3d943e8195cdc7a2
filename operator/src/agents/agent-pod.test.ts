import assert from 'node:assert/strict';
import { test } from 'node:test';
import { toAgentPod } from './agent-pod.ts';

const pod = (parts: { annotations?: object; ports?: object[]; initPorts?: object[]; status?: object }): object => ({
  metadata: {
    name: 'sei-0',
    namespace: 'sei',
    uid: 'u',
    resourceVersion: '7',
    creationTimestamp: '2026-01-01T00:00:00Z',
    labels: { app: 'sei' },
    annotations: parts.annotations ?? {},
  },
  spec: {
    containers: [{ name: 'seid', ports: parts.ports ?? [] }],
    initContainers: [{ name: 'agent', ports: parts.initPorts ?? [] }],
  },
  status: parts.status ?? { phase: 'Running', podIP: '10.1.2.3' },
});

const waiting = (reason: string): object => ({ state: { waiting: { reason } } });

test('keeps what the operator needs of a pod', () => {
  assert.deepEqual(toAgentPod(pod({})), {
    metadata: { name: 'sei-0', namespace: 'sei', uid: 'u', resourceVersion: '7' },
    labels: { app: 'sei' },
    createdAt: Date.parse('2026-01-01T00:00:00Z'),
    address: { host: '10.1.2.3', port: 7777 },
    pulse: '["Running",null,null]',
    restarts: 0,
  });
});

test('the port is the container port named nodetask, else the annotation, else 7777', () => {
  const annotations = { 'nodetask.dev/agent-port': '9001' };
  const named = [
    { name: 'rpc', containerPort: 26657 },
    { name: 'nodetask', containerPort: 9000 },
  ];
  assert.equal(toAgentPod(pod({ ports: named, annotations })).address?.port, 9000);
  assert.equal(toAgentPod(pod({ initPorts: named, annotations })).address?.port, 9000);
  assert.equal(toAgentPod(pod({ annotations })).address?.port, 9001);
});

test('an annotation that is no port is said, not guessed around', () => {
  for (const value of [
    '',
    '0',
    '65536',
    '80a',
    '-1',
    '1e3',
    ' 80',
    '80\n',
    '0x50',
    '٧٧',
    '80@10.0.0.1',
    '80/../..',
    '80#',
  ]) {
    const result = toAgentPod(pod({ annotations: { 'nodetask.dev/agent-port': value } }));
    assert.equal(result.address, undefined, value);
    assert.match(result.unavailable ?? '', /agent-port/);
  }
});

test('nothing but an IP address becomes part of a URL', () => {
  for (const podIP of [
    'metadata.google.internal',
    '10.1.2.3@10.0.0.1',
    '10.1.2.3/x',
    '10.1.2.3:80',
    '2130706433',
    ' 10.1.2.3',
  ]) {
    const result = toAgentPod(pod({ status: { phase: 'Running', podIP } }));
    assert.equal(result.address, undefined, podIP);
    assert.match(result.unavailable ?? '', /not an IP address/);
  }
  assert.equal(toAgentPod(pod({ status: { phase: 'Running', podIP: 'fd00::7' } })).address?.host, 'fd00::7');
});

test('a pod without an address or one that has ended cannot be called', () => {
  assert.match(toAgentPod(pod({ status: { phase: 'Pending' } })).unavailable ?? '', /no address/);
  assert.match(
    toAgentPod(pod({ status: { phase: 'Failed', podIP: '10.1.2.3' } })).unavailable ?? '',
    /ended \(Failed\)/,
  );
});

test('a pod that is being deleted says since when', () => {
  const { metadata, ...rest } = pod({}) as { metadata: object };
  const leaving = toAgentPod({ ...rest, metadata: { ...metadata, deletionTimestamp: '2026-01-01T00:00:30Z' } });
  assert.equal(leaving.leavingAt, Date.parse('2026-01-01T00:00:30Z'));
  assert.ok(leaving.address, 'its agent is called until it has ended');
});

test('of the container states only the trouble is kept, however much a status says', () => {
  const message = 'x'.repeat(200_000);
  const state = { waiting: { reason: 'ImagePullBackOff', message } };
  const containerStatuses = ['agent', 'seid'].map((name) => ({ name, image: message, state, lastState: state }));
  const status = {
    phase: 'Pending',
    podIP: '10.1.2.3',
    message,
    initContainerStatuses: containerStatuses,
    containerStatuses,
  };
  const read = toAgentPod(pod({ status, initPorts: [{ name: 'nodetask', containerPort: 7777 }] }));
  assert.equal(read.trouble?.reason, 'ImageUnavailable');
  assert.ok(JSON.stringify(read).length < 3_000, String(JSON.stringify(read).length));
});

test('restarts of all containers are counted, sidecars among them', () => {
  const status = {
    phase: 'Running',
    containerStatuses: [
      { name: 'seid', restartCount: 2 },
      { name: 'new', ready: true },
    ],
    initContainerStatuses: [{ name: 'agent', restartCount: 3 }],
  };
  assert.equal(toAgentPod(pod({ status })).restarts, 5);
});

test('the pulse changes with the states of the containers and the trouble of the agent, and with nothing else', () => {
  const container = { name: 'agent', ready: false, started: true, restartCount: 0, image: 'a' };
  const pulse = (changes: object): string =>
    toAgentPod(
      pod({
        status: { phase: 'Running', podIP: '10.1.2.3', containerStatuses: [{ ...container, ...changes }] },
        initPorts: [{ name: 'nodetask', containerPort: 7777 }],
      }),
    ).pulse;
  assert.equal(pulse({}), pulse({ image: 'b' }));
  assert.notEqual(pulse({}), pulse({ ready: true }));
  assert.notEqual(pulse({}), pulse({ restartCount: 1 }));
  // Whoever waits for the agent is told of what keeps it from running.
  assert.notEqual(pulse(waiting('ContainerCreating')), pulse(waiting('ImagePullBackOff')));
  assert.equal(pulse({ state: { running: {} } }), pulse({}));
});

test('a pod that cannot be read is one whose agent cannot be called, and says why', () => {
  const metadata = { name: 'sei-0', namespace: 'sei', uid: 'u', resourceVersion: '7' };
  const creationTimestamp = '2026-01-01T00:00:00Z';
  const labels = Object.fromEntries(Array.from({ length: 5000 }, (_, index) => [`l${String(index)}`, 'x']));
  for (const [read, says] of [
    [{ metadata }, /cannot read the pod: metadata\.creationTimestamp/],
    [{ metadata: { ...metadata, creationTimestamp }, spec: { containers: null } }, /spec\.containers/],
    [{ metadata: { ...metadata, creationTimestamp, labels: { a: 7 } }, spec: { containers: [] } }, /labels\.a/],
    [{ metadata: { ...metadata, creationTimestamp, labels }, spec: { containers: [] } }, /more labels/],
  ] as const) {
    const agentPod = toAgentPod(read);
    assert.deepEqual(agentPod.metadata, metadata);
    assert.deepEqual(agentPod.labels, {});
    assert.equal(agentPod.address, undefined);
    assert.match(agentPod.unavailable ?? '', says);
  }
});
