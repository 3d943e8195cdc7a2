import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import { annotationNames } from './annotations.ts';
import { inject } from './inject.ts';
import { applyPatch } from './testing/apply-patch.ts';
import { nodePod, settings } from './testing/node-pod.ts';

interface Made {
  readonly metadata: { readonly annotations: Readonly<Record<string, string>> };
  readonly spec: {
    readonly initContainers: readonly Agent[];
    readonly volumes: readonly { readonly name: string }[];
    readonly shareProcessNamespace?: boolean;
  };
}

interface Agent {
  readonly name: string;
  readonly env: readonly { readonly name: string; readonly value?: string }[];
  readonly ports: readonly { readonly containerPort: number }[];
  readonly startupProbe: { readonly httpGet: object; readonly failureThreshold: number };
  readonly livenessProbe: { readonly httpGet: object };
  readonly resources: object;
  readonly securityContext: Readonly<Record<string, unknown>>;
  readonly volumeMounts: readonly { readonly name: string; readonly mountPath: string }[];
}

const made = (pod: object): Made => {
  const injection = inject(pod, settings);
  assert.ok(injection.outcome === 'injected', JSON.stringify(injection));
  return applyPatch(pod, injection.patch) as Made;
};

const agentOf = (pod: object): Agent => {
  const agent = made(pod).spec.initContainers.find(({ name }) => name === 'nodetask-agent');
  assert.ok(agent);
  return agent;
};

const variables = (pod: object): Readonly<Record<string, string | undefined>> =>
  Object.fromEntries(agentOf(pod).env.map(({ name, value }) => [name, value]));

const refusal = (pod: object): string => {
  const injection = inject(pod, settings);
  assert.ok(injection.outcome === 'refused', JSON.stringify(injection));
  return injection.refusal;
};

const order = (...names: readonly { readonly name: string; readonly restartPolicy?: string }[]): readonly string[] =>
  made(nodePod({}, { initContainers: names })).spec.initContainers.map(({ name }) => name);

const user = (annotations: Readonly<Record<string, string>>, spec: object = {}): object =>
  agentOf(nodePod(annotations, { ...spec })).securityContext;

const grace = (seconds?: number): string | undefined =>
  variables(nodePod({}, { terminationGracePeriodSeconds: seconds }))['NODETASK_GRACE_SECONDS'];

const own = ['nodetask-trust', 'nodetask-token', 'nodetask-api', 'nodetask-identity'];

describe('an agent', () => {
  test('is given another volume, below which the configuration of the node may name paths, by two annotations', () => {
    const pod = nodePod(
      {
        'nodetask.dev/volume-mounts': 'data:/sei,fast:/fast',
        'nodetask.dev/agent-env': '{"NODETASK_ALLOW_PATH":"/fast"}',
      },
      { volumes: [{ name: 'data' }, { name: 'fast' }] },
    );
    assert.equal(variables(pod)['NODETASK_ALLOW_PATH'], '/fast');
    const mounts = agentOf(pod).volumeMounts.map(({ name, mountPath }) => `${name}:${mountPath}`);
    assert.ok(mounts.includes('fast:/fast'), mounts.join());
  });

  test('is the first init container, with its volumes, and leaves everything else as it was', () => {
    const pod = nodePod({}, { initContainers: [{ name: 'first' }, { name: 'second' }] });
    const { metadata, spec } = made(pod);
    assert.deepEqual(
      spec.initContainers.map(({ name }) => name),
      ['nodetask-agent', 'first', 'second'],
    );
    assert.deepEqual(
      spec.volumes.map(({ name }) => name),
      ['data', ...own],
    );
    assert.equal(metadata.annotations['nodetask.dev/injected'], '1.2.3');
    const added = { initContainers: undefined, volumes: undefined };
    assert.deepEqual({ ...spec, ...added }, { ...(pod['spec'] as object), ...added });
  });

  test('stands behind the proxy of a mesh that is a native sidecar, and before one that is not', () => {
    const proxy = { name: 'istio-proxy', restartPolicy: 'Always' };
    assert.deepEqual(order({ name: 'istio-init' }, proxy, { name: 'mine' }), [
      'istio-init',
      'istio-proxy',
      'nodetask-agent',
      'mine',
    ]);
    assert.deepEqual(order({ name: 'istio-init' }), ['nodetask-agent', 'istio-init']);
    assert.deepEqual(order({ name: 'linkerd-proxy' }), ['nodetask-agent', 'linkerd-proxy']);
  });

  test('may do nothing that Pod Security "restricted" forbids, as the user of the node', () => {
    const restricted = {
      runAsNonRoot: true,
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
      seccompProfile: { type: 'RuntimeDefault' },
    };
    const ofPod = { securityContext: { runAsUser: 1000, runAsGroup: 2000 } };
    const ofNode = { ...ofPod, containers: [{ name: 'node', securityContext: { runAsUser: 7 } }] };
    assert.deepEqual(user({}), restricted);
    assert.deepEqual(user({}, ofPod), { runAsUser: 1000, runAsGroup: 2000, ...restricted });
    assert.deepEqual(user({}, ofNode), { runAsUser: 7, runAsGroup: 2000, ...restricted });
    const said = { 'nodetask.dev/run-as-user': '5', 'nodetask.dev/run-as-group': '0' };
    assert.deepEqual(user(said, ofNode), { runAsUser: 5, runAsGroup: 0, ...restricted });
    assert.deepEqual(user({ 'nodetask.dev/run-as-user': '0' }), { ...restricted, runAsUser: 0, runAsNonRoot: false });
  });

  test('sees the volumes that the annotation names, where it says', () => {
    const mounts = 'data/chain/main:/sei/, other:/x:ro';
    const pod = nodePod({ 'nodetask.dev/volume-mounts': mounts }, { volumes: [{ name: 'data' }, { name: 'other' }] });
    assert.deepEqual(agentOf(pod).volumeMounts.slice(0, 2), [
      { name: 'data', mountPath: '/sei', subPath: 'chain/main' },
      { name: 'other', mountPath: '/x', readOnly: true },
    ]);
    assert.deepEqual(
      agentOf(pod)
        .volumeMounts.slice(2)
        .map(({ name }) => name),
      own,
    );
  });

  test('without a start gate has the node wait until it is up; with one, for as long as it takes', () => {
    const livez = { path: '/v0/livez', port: 7778 };
    const { startupProbe, livenessProbe } = agentOf(nodePod());
    assert.deepEqual([startupProbe.httpGet, livenessProbe.httpGet], [livez, livez]);
    const gated = agentOf(nodePod({ 'nodetask.dev/start-gate': 'true' }));
    assert.deepEqual(gated.startupProbe.httpGet, { path: '/v0/startupz', port: 7778 });
    assert.equal(gated.startupProbe.failureThreshold, 2 ** 31 - 1);
    assert.deepEqual(gated.livenessProbe.httpGet, livez);
  });

  test('has its port in its environment and in its probes, where that is another one', () => {
    const pod = nodePod({ 'nodetask.dev/agent-port': '8777' }, { containers: [{ ports: [{ containerPort: 7777 }] }] });
    const agent = agentOf(pod);
    assert.equal(agent.ports[0]?.containerPort, 8777);
    assert.deepEqual(agent.livenessProbe.httpGet, { path: '/v0/livez', port: 8778 });
    assert.equal(variables(pod)['NODETASK_LISTEN'], ':8777');
    assert.equal(variables(nodePod())['NODETASK_LISTEN'], undefined);
  });

  test('answers probes on a port of its own, which is the next one where nobody says another', () => {
    const ports = (annotations: Readonly<Record<string, string>>) =>
      agentOf(nodePod(annotations)).ports.map(({ containerPort }) => containerPort);
    assert.deepEqual(ports({}), [7777, 7778]);
    assert.equal(variables(nodePod())['NODETASK_PROBE_LISTEN'], undefined);
    const said = { 'nodetask.dev/agent-port': '65535', 'nodetask.dev/probe-port': '9000' };
    assert.deepEqual(ports(said), [65_535, 9000]);
    assert.deepEqual(agentOf(nodePod(said)).livenessProbe.httpGet, { path: '/v0/livez', port: 9000 });
    assert.equal(variables(nodePod(said))['NODETASK_PROBE_LISTEN'], ':9000');
  });

  test('has an environment of its own, and what the annotations add', () => {
    const pod = nodePod({
      'nodetask.dev/volume-mounts': 'data:/nodes',
      'nodetask.dev/home': '/nodes/sei/',
      'nodetask.dev/node-rpc': 'http://127.0.0.1:36657',
      'nodetask.dev/agent-env': '{"AWS_REGION":"eu-central-1","NODETASK_LOG_LEVEL":"debug"}',
    });
    const { POD_NAME, ...rest } = variables(pod);
    assert.equal(POD_NAME, undefined);
    assert.deepEqual(rest, {
      POD_NAMESPACE: undefined,
      POD_UID: undefined,
      NODETASK_HOME: '/nodes/sei',
      NODETASK_NODE_RPC: 'http://127.0.0.1:36657',
      NODETASK_ENROLL_URL: 'https://nodetask-operator.nodetask-system.svc/',
      NODETASK_ENROLL_TOKEN_FILE: '/var/run/nodetask/token/token',
      NODETASK_TRUST_FILE: '/var/run/nodetask/trust/ca.crt',
      NODETASK_IDENTITY_DIR: '/var/run/nodetask/identity',
      NODETASK_SERVICEACCOUNT_DIR: '/var/run/nodetask/serviceaccount',
      AWS_REGION: 'eu-central-1',
      NODETASK_LOG_LEVEL: 'debug',
    });
  });

  test('ends before a pod that has little time to end', () => {
    assert.deepEqual(
      [undefined, 0, 5, 6, 29, 30, 600].map((seconds) => grace(seconds)),
      [undefined, '1', '1', '1', '24', undefined, undefined],
    );
  });

  test('has resources that suit it, keep the pod Guaranteed, or are those that the annotation says', () => {
    const burstable = { requests: { cpu: '50m', memory: '128Mi' }, limits: { memory: '512Mi' } };
    assert.deepEqual(agentOf(nodePod()).resources, burstable);
    const amount = { cpu: '4', memory: '64Gi' };
    const node = { name: 'node', resources: { requests: amount, limits: amount } };
    const guaranteed = nodePod({}, { containers: [node] });
    const agent = { cpu: '500m', memory: '512Mi' };
    assert.deepEqual(agentOf(guaranteed).resources, { requests: agent, limits: agent });
    assert.deepEqual(agentOf(nodePod({}, { containers: [node, { name: 'other' }] })).resources, burstable);
    const said = nodePod({ 'nodetask.dev/agent-resources': '{"limits":{"cpu":2,"memory":"1.5Gi"}}' });
    assert.deepEqual(agentOf(said).resources, { limits: { cpu: '2', memory: '1.5Gi' } });
  });

  test('shares the process namespace where that is asked for', () => {
    assert.equal(made(nodePod()).spec.shareProcessNamespace, undefined);
    const shared = nodePod({ 'nodetask.dev/share-process-namespace': 'true' }, { shareProcessNamespace: false });
    assert.equal(made(shared).spec.shareProcessNamespace, true);
  });
});

describe('a pod is left as it is', () => {
  const cases: readonly (readonly [string, unknown])[] = [
    ['without labels', nodePod({}, {}, { labels: undefined })],
    ['with another value of the label', nodePod({}, {}, { labels: { 'nodetask.dev/agent': 'disabled' } })],
    ['that has an agent among its containers', nodePod({}, { containers: [{ name: 'nodetask-agent' }] })],
    ['that has an agent among its init containers', nodePod({}, { initContainers: [{ name: 'nodetask-agent' }] })],
    ['that is none', 'a pod'],
    ['that is absent', undefined],
  ];
  for (const [name, pod] of cases) {
    test(name, () => {
      assert.deepEqual(inject(pod, settings), { outcome: 'untouched' });
    });
  }

  test('that has its agent by injection', () => {
    assert.deepEqual(inject(made(nodePod()), settings), { outcome: 'untouched' });
  });

  test('that is the mirror of a static pod, with a warning', () => {
    const injection = inject(nodePod({ 'kubernetes.io/config.mirror': 'x', 'nodetask.dev/home': 'wrong' }), settings);
    assert.ok(injection.outcome === 'untouched');
    assert.match(injection.warning ?? '', /static pod/);
  });

  test('whatever it holds, where it has no label; and whatever has the label is never an error', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        assert.deepEqual(inject(value, settings), { outcome: 'untouched' });
        const labelled = { metadata: { labels: { 'nodetask.dev/agent': 'enabled' } }, spec: value };
        assert.notEqual(inject(labelled, settings).outcome, 'injected');
      }),
    );
  });

  test('or refused, or given an agent, whatever its annotations say', () => {
    const text = fc.oneof(
      fc.string(),
      fc.constantFrom('true', '0', '/sei', 'data:/sei', '{"requests":{}}', '{}', '[]', 'null', '7777', '9e9'),
    );
    fc.assert(
      fc.property(fc.dictionary(fc.constantFrom(...annotationNames), text), (annotations) => {
        const pod = nodePod(annotations);
        const injection = inject(pod, settings);
        if (injection.outcome !== 'injected') return;
        assert.deepEqual(inject(applyPatch(pod, injection.patch), settings), { outcome: 'untouched' });
      }),
    );
  });
});

describe('a pod is refused', () => {
  const cases: readonly (readonly [string, object, RegExp])[] = [
    [
      'without a volume for the agent',
      nodePod({}, {}, { annotations: undefined }),
      /^no NodeTask agent can be injected: nodetask\.dev\/volume-mounts is missing: must be <volume>.*"data:\/sei/,
    ],
    [
      'whose annotation names a volume that it does not have',
      nodePod({ 'nodetask.dev/volume-mounts': 'dat:/sei' }),
      /names the volume dat, which the pod does not have: it has data$/,
    ],
    [
      'that has no volumes but the one of the API server',
      nodePod({}, { volumes: [{ name: 'kube-api-access-x2tqf' }] }),
      /names the volume data, which the pod does not have: it has none$/,
    ],
    [
      'whose home is on no volume',
      nodePod({ 'nodetask.dev/volume-mounts': 'data:/data' }),
      /no volume is mounted at the node's home \/sei: add it to nodetask\.dev\/volume-mounts, .* or say where it is by nodetask\.dev\/home$/,
    ],
    [
      'whose home is on a volume that it may not write to',
      nodePod({ 'nodetask.dev/volume-mounts': 'data:/sei:ro' }),
      /mounts \/sei read-only, and the agent must write to the node's home \/sei: take ":ro" off$/,
    ],
    [
      'that mounts something over the files of the agent',
      nodePod({ 'nodetask.dev/volume-mounts': 'data:/sei,data:/var/run' }),
      /\/var\/run is where the agent's own files are \(\/var\/run\/nodetask\): choose another path$/,
    ],
    [
      'that has a volume by the name of one of the agent',
      nodePod({}, { volumes: [{ name: 'data' }, { name: 'nodetask-token' }] }),
      /the pod has a volume nodetask-token already, .*: rename it$/,
    ],
    [
      'whose port is taken',
      nodePod({}, { containers: [{ name: 'node', ports: [{ containerPort: 7777 }] }] }),
      /the container node has the port 7777: give the agent another one by nodetask\.dev\/agent-port$/,
    ],
    [
      'whose port of probes is taken',
      nodePod({}, { containers: [{ name: 'node', ports: [{ containerPort: 7778 }] }] }),
      /the container node has the port 7778: give the agent another one by nodetask\.dev\/probe-port$/,
    ],
    [
      'with one port for the API and for probes',
      nodePod({ 'nodetask.dev/agent-port': '8000', 'nodetask.dev/probe-port': '8000' }),
      /nodetask\.dev\/probe-port is 8000, which is the port of the agent's API: give one of them another port$/,
    ],
    [
      'whose agent has the last port that there is, and probes none',
      nodePod({ 'nodetask.dev/agent-port': '65535' }),
      /agent-port is 65535, and probes have the port after it, which does not exist: .* nodetask\.dev\/probe-port$/,
    ],
    [
      'that has an agent by another name',
      nodePod({}, { containers: [{ name: 'agent', ports: [{ name: 'nodetask', containerPort: 1 }] }] }),
      /the container agent has a port named nodetask, .*name it nodetask-agent$/,
    ],
    ['that is for Windows', nodePod({}, { os: { name: 'windows' } }), /is for Windows/],
    ['that goes to Windows', nodePod({}, { nodeSelector: { 'kubernetes.io/os': 'windows' } }), /is for Windows/],
    [
      'on the network of its host, without the DNS of the cluster',
      nodePod({}, { hostNetwork: true, dnsPolicy: 'ClusterFirst' }),
      /with hostNetwork: true and dnsPolicy: ClusterFirst the agent cannot .* dnsPolicy: ClusterFirstWithHostNet$/,
    ],
    [
      'without the DNS of the cluster',
      nodePod({}, { dnsPolicy: 'Default' }),
      /with dnsPolicy: Default the agent cannot .* set dnsPolicy: ClusterFirst$/,
    ],
    [
      'whose processes cannot be shared',
      nodePod({ 'nodetask.dev/share-process-namespace': 'true' }, { hostPID: true }),
      /hostPID: true and nodetask\.dev\/share-process-namespace: "true" exclude each other/,
    ],
    [
      'whose node runs as root, until it says so for the agent too',
      nodePod({}, { securityContext: { runAsUser: 0 } }),
      /the first container runs as root \(runAsUser: 0\): say by nodetask\.dev\/run-as-user/,
    ],
    [
      'that the API server would refuse as well',
      nodePod({}, { containers: 'none' }),
      /^no NodeTask agent can be injected: spec\.containers: /,
    ],
  ];
  for (const [name, pod, message] of cases) {
    test(name, () => {
      assert.match(refusal(pod), message);
    });
  }

  test('and is told all that is wrong at once, in a message that has a bound', () => {
    const several = refusal(nodePod({ 'nodetask.dev/home': 'sei', 'nodetask.dev/start-gate': 'yes' }));
    assert.match(
      several,
      /nodetask\.dev\/home is "sei": .*; nodetask\.dev\/start-gate is "yes": must be "true" or "false"$/,
    );
    const many = Object.fromEntries(Array.from({ length: 5000 }, (_, index) => [`nodetask.dev/x${String(index)}`, '']));
    assert.ok(refusal(nodePod(many)).length <= 4096);
    assert.ok(refusal(nodePod({ 'nodetask.dev/volume-mounts': 'a:/b,'.repeat(800) })).length <= 4096);
  });

  test('but not on the network of its host with the DNS of the cluster, nor for a port of another protocol', () => {
    const ports = [{ containerPort: 7777, protocol: 'UDP' }];
    for (const spec of [
      { hostNetwork: true, dnsPolicy: 'ClusterFirstWithHostNet' },
      { containers: [{ name: 'node', ports }] },
    ]) {
      assert.ok(agentOf(nodePod({}, spec)));
    }
  });
});
