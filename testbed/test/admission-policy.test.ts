import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import {
  agentFieldManagerOfPod,
  maxHistoryCharacters,
  maxHistoryEntries,
  maxResultBytes,
  maxRunTextCharacters,
  maxTargetMessageCharacters,
  maxTargetRows,
  maxTargets,
} from '@nodetask/shared';
import { parseAllDocuments } from 'yaml';
import { startCluster } from '../src/cluster.ts';
import type { Cluster } from '../src/cluster.ts';
import { helm } from '../src/helm.ts';
import { admissionPolicyManifests } from '../src/kube/admission-policy.ts';
import { untilAdmissionPolicyHolds } from '../src/kube/install.ts';
import { waitForObject } from '../src/kube/wait-for-object.ts';
import { projectPath } from '../src/paths.ts';
import { managerOf, StatusWriters } from '../src/status-writers.ts';
import type { NodeTaskObject, Row, StatusWriter, Written } from '../src/status-writers.ts';

/** The chart's policy of who writes what into status, on a real API server with the tokens of real pods: what it lets through, and what it refuses. */
let cluster: Cluster;
let writers: StatusWriters;
let operator: StatusWriter;
let own: StatusWriter & { readonly uid: string };
let other: StatusWriter & { readonly uid: string };

before(async () => {
  cluster = await startCluster({ operator: false, controlPlane: { countRights: false } });
  await untilAdmissionPolicyHolds(cluster.admin, cluster.namespace);
  // More than agents have, so that the policy and not RBAC says no: PUT, and the status of NodeTasks in another namespace.
  await cluster.addAgentNamespace('elsewhere');
  await cluster.admin.applyYaml(`
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: much, namespace: ${cluster.namespace}}
rules: [{apiGroups: [nodetask.dev], resources: [nodetasks/status], verbs: [patch, update]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: much, namespace: ${cluster.namespace}}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: much}
subjects:
  - {kind: ServiceAccount, name: nodetask-agent, namespace: ${cluster.namespace}}
  - {kind: ServiceAccount, name: nodetask-agent, namespace: elsewhere}
`);
  writers = new StatusWriters(cluster);
  operator = await writers.operator();
  own = await writers.pod('sei-0');
  other = await writers.pod('sei-1');
});

after(async () => {
  writers[Symbol.dispose]();
  await cluster.stop();
});

const result = (changes: object = {}): object => ({
  id: 'bbfffd45-322e-508a-b483-741af7c19c9d',
  type: 'mark-ready',
  status: 'running',
  submittedAt: '2026-11-24T10:00:00.000Z',
  run: 1,
  ...changes,
});
const row = (pod: string, changes: object = {}): Row => ({ pod, result: result(changes), runs: [] });

/** What the operator writes of a pod. */
const listed = (pod: string): Row => ({
  pod,
  phase: 'Running',
  attempt: 1,
  taskID: 'bbfffd45-322e-508a-b483-741af7c19c9d',
  message: 'as the operator says',
  startedAt: '2026-11-24T10:00:00.000Z',
});
const condition = {
  type: 'Ready',
  status: 'False',
  reason: 'Running',
  message: '',
  lastTransitionTime: '2026-11-24T10:00:00.000Z',
};
const operatorsPart = (...pods: readonly string[]): object => ({
  observedGeneration: 1,
  fence: 3,
  phase: 'Running',
  conditions: [condition],
  summary: `0/${pods.length}`,
  targets: pods.map(listed),
});

const spec = { type: 'mark-ready', target: { selector: { matchLabels: { app: 'sei' } } } };
/** A NodeTask that nobody has looked at. */
const create = async (name: string): Promise<string> => {
  await cluster.applyNodeTask(name, spec);
  return name;
};
/** One with the rows of two pods, the operator's part and what both agents said. */
const running = async (name: string): Promise<string> => {
  await create(name);
  accepted(await operator.apply(name, operatorsPart('sei-0', 'sei-1')));
  accepted(await own.rows(name, [row('sei-0')]));
  accepted(await other.rows(name, [row('sei-1')]));
  return name;
};
const read = async (name: string): Promise<NodeTaskObject> =>
  cluster.admin.request<NodeTaskObject>({
    method: 'GET',
    path: `/apis/nodetask.dev/v1alpha1/namespaces/${cluster.namespace}/nodetasks/${name}`,
  });
const rowOf = ({ status }: NodeTaskObject, pod: string): Row | undefined =>
  status.targets?.find((candidate) => candidate.pod === pod);

const accepted = (written: Written): NodeTaskObject => {
  assert.equal(written.status, 200, written.message);
  return written.object;
};

/** The policy says no, says why, and nothing has changed. */
const refused = async (name: string, write: () => Promise<Written>, message: RegExp, status = 403): Promise<void> => {
  const earlier = await read(name);
  const written = await write();
  assert.equal(written.status, status, `${written.status} ${written.message}`);
  assert.match(
    written.message,
    /ValidatingAdmissionPolicy 'nodetask-status' with binding 'nodetask-status' denied request: /,
  );
  assert.match(written.message, message);
  assert.deepEqual(await read(name), earlier);
};

const documents = (yaml: string): readonly unknown[] =>
  parseAllDocuments(yaml)
    .map((document) => document.toJS() as unknown)
    .filter((document) => document !== null);

const aboutAsLong = (targets: number): number => 1.5 * maxResultBytes(targets);

describe('the policy', () => {
  const operatorAccount = { namespace: 'nodetask-system', serviceAccount: 'nodetask-operator' };
  test('is what helm makes of the template', async () => {
    const render = async (enabled: boolean): Promise<readonly unknown[]> => {
      const chart = projectPath('charts', 'nodetask');
      const args = ['template', 'nodetask', chart, '-n', operatorAccount.namespace, '--kube-version', '1.30.0'];
      const { code, stdout, stderr } = await helm(cluster.controlPlane, [
        ...args,
        '--set',
        `admissionPolicy.enabled=${enabled}`,
      ]);
      assert.equal(code, 0, stderr);
      return documents(stdout).filter((object) => JSON.stringify(object).includes('"name":"nodetask-status"'));
    };
    assert.deepEqual(await render(true), documents(await admissionPolicyManifests(operatorAccount)));
    assert.deepEqual(await render(false), []);
  });

  test('has the bounds of the contracts', async () => {
    const text = (await admissionPolicyManifests(operatorAccount)).replaceAll(/\s+/g, ' ');
    assert.ok(
      text.includes(
        `size(variables.rowsAfter) <= 32 ? ${aboutAsLong(32)} : (size(variables.rowsAfter) <= ${maxTargets} ? ${aboutAsLong(33)} : `,
      ),
    );
    assert.ok(
      text.includes(`size(variables.rowsAfter.filter(row, !has(row.taskID))) <= ${maxTargetRows - maxTargets}`),
    );
    assert.ok(text.includes('name: nodetask-status '));
    assert.ok(text.includes(`variables.manager == '${agentFieldManagerOfPod('')}' + variables.podUID`));
  });

  test('is in the audit log where it says no', async () => {
    const name = await running('audited');
    await refused(name, async () => own.rows(name, [row('sei-1', { status: 'failed' })]), /another row/);
    const events = await cluster.controlPlane.auditEvents();
    const refusal = events.find(
      ({ objectRef, responseStatus }) => objectRef?.name === name && responseStatus?.code === 403,
    );
    assert.equal(refusal?.user.username, `system:serviceaccount:${cluster.namespace}:nodetask-agent`);
    assert.match(
      refusal.annotations?.['validation.policy.admission.k8s.io/validation_failure'] ?? '',
      /the agent of pod sei-0 writes its own row in status\.targets: another row/,
    );
  });

  test('has the right types, as far as Kubernetes can tell', async () => {
    interface Policy {
      readonly metadata: { readonly generation: number };
      readonly status?: {
        readonly observedGeneration?: number;
        readonly typeChecking?: { readonly expressionWarnings?: unknown[] };
      };
    }
    const path = `/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies/nodetask-status`;
    const policy = await waitForObject<Policy>(
      cluster.admin,
      path,
      (object) => object?.status?.observedGeneration === object?.metadata.generation,
      { what: 'the types of the policy to be checked', timeoutMs: 60_000 },
    );
    assert.deepEqual(policy?.status?.typeChecking?.expressionWarnings ?? [], []);
  });
});

describe('an agent', () => {
  test('is the first to write, before the operator', async () => {
    const name = await create('first');
    const object = accepted(await own.rows(name, [row('sei-0')]));
    const { conditions, ...status } = object.status ?? {};
    assert.deepEqual(status, { observedGeneration: -1, phase: 'Pending', targets: [row('sei-0')] });
    // Of the CRD's defaults.
    assert.match(JSON.stringify(conditions), /^\[\{[^{}]*"reason":"Unseen"[^{}]*\}\]$/u);
  });

  test('writes its result and runs beside those of others and of the operator, again and again', async () => {
    const name = await running('beside');
    const runs = [{ run: 1, status: 'completed', startedAt: '2026-11-24T10:00:00.000Z' }];
    const object = accepted(
      await own.rows(name, [{ ...row('sei-0', { status: 'completed', output: { a: [1, 2.5, null] } }), runs }]),
    );
    assert.deepEqual(rowOf(object, 'sei-0'), {
      ...listed('sei-0'),
      ...row('sei-0', { status: 'completed', output: { a: [1, 2.5, null] } }),
      runs,
    });
    accepted(await own.rows(name, [row('sei-0')]));
  });

  test('is added to rows of others, wherever its own is in their order', async () => {
    const name = await create('added');
    accepted(await operator.apply(name, operatorsPart('sei-9', 'sei-0', 'a-0')));
    accepted(await other.rows(name, [row('sei-1')]));
    accepted(await own.rows(name, [row('sei-0')]));
    const object = accepted(await other.rows(name, [row('sei-1', { status: 'completed' })]));
    assert.deepEqual(
      object.status.targets?.map(({ pod }) => pod),
      ['sei-9', 'sei-0', 'a-0', 'sei-1'],
    );
  });

  test('takes its result back, and leaves its row to the operator', async () => {
    const name = await create('taken-back');
    accepted(await own.rows(name, [row('sei-0')]));
    const object = accepted(await own.rows(name, [{ pod: 'sei-0' }]));
    assert.deepEqual(object.status.targets, [{ pod: 'sei-0' }]);
  });

  test('writes under the name of its own pod UID as well, and takes its row over from one name to the other', async () => {
    const name = await running('named');
    const manager = `nodetask-agent-${own.uid}`;
    accepted(await own.rows(name, [row('sei-0', { status: 'completed' })], manager));
    const object = accepted(await own.rows(name, [row('sei-0')]));
    assert.deepEqual(rowOf(object, 'sei-0')?.['result'], result());
  });

  test('of a pod that came after another of its name goes on with the row', async () => {
    const name = await create('replaced');
    using first = await writers.pod('replaced-0');
    accepted(await operator.apply(name, operatorsPart('replaced-0')));
    accepted(await first.rows(name, [row('replaced-0')]));
    await cluster.admin.delete(`/api/v1/namespaces/${cluster.namespace}/pods/replaced-0`, { gracePeriodSeconds: 0 });
    using second = await writers.pod('replaced-0');
    accepted(await second.rows(name, [row('replaced-0', { status: 'completed' })]));
  });
});

describe('nobody else but the operator writes: not', () => {
  const noPod = /by a token that is bound to that pod, as the kubelet projects it, and the one of .* is bound to none/;

  test('an administrator', async () => {
    const admin = await writers.admin();
    await refused(await running('by-admin'), async () => admin.rows('by-admin', [row('sei-0')]), noPod);
    await refused('by-admin', async () => admin.mergePatch('by-admin', { status: { phase: 'Failed' } }), noPod);
  });

  test('the service account of agents without a pod', async () => {
    const unbound = await writers.unbound();
    await refused(await running('by-unbound'), async () => unbound.rows('by-unbound', [row('sei-0')]), noPod);
  });

  test('a pod of that name in another namespace', async () => {
    const foreign = await writers.pod('sei-0', { namespace: 'elsewhere' });
    await refused(
      await running('by-foreign'),
      async () => foreign.rows('by-foreign', [row('sei-0')]),
      /system:serviceaccount:elsewhere:nodetask-agent is no service account of the namespace nodetask-test/,
    );
  });

  test('kubectl, which says so', async () => {
    const name = await running('by-kubectl');
    const patch = ['patch', 'nodetask', name, '-n', cluster.namespace, '--subresource=status', '--type=merge'];
    const { code, stderr } = await cluster.controlPlane.kubectl([...patch, '-p', '{"status":{"phase":"Succeeded"}}']);
    assert.equal(code, 1);
    assert.match(stderr, /only the operator and agents write the status of a NodeTask/);
  });
});

describe('an agent does not write', () => {
  const ownRow =
    /the agent of pod sei-0 writes its own row in status\.targets: another row was added, removed, moved or changed/;
  const ownFields = /the agent of pod sei-0 writes result and runs in its row/;
  const ownList =
    /the agent of pod sei-0 writes its own row in status\.targets; every other field of status belongs to the operator/;

  test("another pod's result", async () => {
    const name = await running('others-result');
    await refused(name, async () => own.rows(name, [row('sei-1', { status: 'failed' })]), ownRow);
    await refused(name, async () => own.rows(name, [row('sei-0'), row('sei-1', { status: 'failed' })]), ownRow);
    await refused(name, async () => own.rows(name, [row('sei-1', { status: 'failed' })], managerOf('sei-1')), ownRow);
  });

  test('a row for a pod that has none, or that does not exist', async () => {
    const name = await running('others-row');
    await refused(name, async () => own.rows(name, [row('sei-2')]), ownRow);
    await refused(name, async () => own.rows(name, [row('sei-0'), { pod: 'no-such-pod' }]), ownRow);
    await refused(await create('others-first'), async () => own.rows('others-first', [row('sei-1')]), ownRow);
  });

  test("another pod's row away", async () => {
    const name = await running('others-away');
    await refused(name, async () => own.jsonPatch(name, [{ op: 'remove', path: '/status/targets/1' }]), ownRow);
    await refused(name, async () => own.apply(name, undefined, managerOf('sei-1')), ownRow);
    await refused(name, async () => own.apply(name, undefined, 'nodetask-operator'), /./);
  });

  test('the rows into another order', async () => {
    const name = await create('order');
    accepted(await operator.apply(name, operatorsPart('a-0', 'a-1', 'sei-0')));
    const move = [{ op: 'move', from: '/status/targets/1', path: '/status/targets/0' }];
    await refused(name, async () => own.jsonPatch(name, move), ownRow);
  });

  test("the operator's fields of its own row", async () => {
    const name = await running('own-fields');
    const fields = {
      phase: 'Succeeded',
      attempt: 2,
      taskID: 'x',
      message: 'x',
      podUID: 'x',
      completedAt: '2026-11-24T10:00:00.000Z',
    };
    for (const [field, value] of Object.entries(fields)) {
      await refused(name, async () => own.rows(name, [{ ...row('sei-0'), [field]: value }]), ownFields);
    }
    for (const field of ['phase', 'message', 'taskID', 'startedAt']) {
      const operations = [{ op: 'remove', path: `/status/targets/0/${field}` }];
      await refused(name, async () => own.jsonPatch(name, operations), ownFields);
    }
    const first = await create('own-fields-first');
    await refused(first, async () => own.rows(first, [{ ...row('sei-0'), phase: 'Succeeded' }]), ownFields);
  });

  test('its own row away', async () => {
    const onlyOwn = await create('own-away');
    accepted(await own.rows(onlyOwn, [row('sei-0')]));
    await refused(onlyOwn, async () => own.apply(onlyOwn, undefined), /does not remove its row from status\.targets/);
    const name = await running('own-away-listed');
    await refused(
      name,
      async () => own.jsonPatch(name, [{ op: 'remove', path: '/status/targets/0' }]),
      /does not remove its row from status\.targets/,
    );
  });

  test('any other field of status', async () => {
    const name = await running('own-list');
    const fields = {
      observedGeneration: 2,
      fence: 9,
      runID: 'x',
      phase: 'Succeeded',
      conditions: [{ ...condition, type: 'Finished', status: 'True' }],
      counts: { desired: 1, running: 0, succeeded: 1, failed: 0 },
      summary: '1/1',
      startedAt: '2026-11-24T10:00:00.000Z',
      completedAt: '2026-11-24T10:00:00.000Z',
      lastRunAt: '2026-11-24T10:00:00.000Z',
      nextRunAt: '2026-11-24T10:00:00.000Z',
      missedRuns: 1,
      blockedBy: 'x',
      queuePosition: 1,
    };
    for (const [field, value] of Object.entries(fields)) {
      await refused(name, async () => own.apply(name, { targets: [row('sei-0')], [field]: value }), ownList);
    }
    for (const field of ['phase', 'conditions', 'summary']) {
      await refused(name, async () => own.jsonPatch(name, [{ op: 'remove', path: `/status/${field}` }]), ownList);
    }
    // The rule of the CRD comes before the policy: the fence is never left out.
    const unseen = await create('own-list-first');
    await refused(unseen, async () => own.apply(unseen, { observedGeneration: 1 }), ownList);
  });

  test('a whole status in place of the one that is there', async () => {
    const name = await running('whole');
    const object = await read(name);
    const status = { targets: [row('sei-0')] };
    await refused(
      name,
      async () => own.replace({ ...object, status }),
      /every other field of status belongs to the operator/,
    );
    await refused(
      name,
      async () => own.replace({ ...object, status: {} }),
      /every other field of status belongs to the operator/,
    );
  });

  test('more than fits beside the others: the least of it is taken then', async () => {
    const name = await running('large');
    const large = { output: { x: 'x'.repeat(30_000) } };
    await refused(
      name,
      async () => own.rows(name, [row('sei-0', large)]),
      /result and runs of pod sei-0 have about 30\d\d\d bytes; with 2 rows in status\.targets 24576 are the most/,
      413,
    );
    // In bytes, not in characters.
    const wide = { output: { x: '😀'.repeat(8_000) } };
    await refused(name, async () => own.rows(name, [row('sei-0', wide)]), /have about 32\d\d\d bytes/, 413);
    accepted(await own.rows(name, [row('sei-0', { output: { x: 'x'.repeat(16_000) } })]));
  });

  test('what could paint a terminal', async () => {
    const name = await running('painted');
    for (const character of [
      '\u001b[31m',
      '\u0007',
      '\n',
      '\u007f',
      '\u009b',
      '\u2028',
      '\u202e',
      '\u2066',
      '\\\\\u001b',
    ]) {
      for (const changes of [
        { error: `a${character}b` },
        { output: { [`k${character}`]: 1 } },
        { output: { a: [{ b: character }] } },
      ]) {
        await refused(name, async () => own.rows(name, [row('sei-0', changes)]), /hold control characters/, 422);
      }
    }
    for (const error of ['größer als 5 GiB, 磁盘已满 😀', 'a literal \\n and \\x1b, "quoted" \\\\u202e', '\\']) {
      accepted(await own.rows(name, [row('sei-0', { error })]));
    }
  });
});

describe('server-side apply: an agent owns its own row and nothing else', () => {
  test("not the operator's fields, by applying what they are: they could never be taken away again", async () => {
    const name = await running('co-owner');
    const { status } = await read(name);
    const owns = /owns nothing but its own row in status\.targets/;
    await refused(name, async () => own.apply(name, status), owns);
    await refused(name, async () => own.apply(name, { targets: [row('sei-0')], phase: 'Running' }), owns);
    await refused(
      name,
      async () => own.rows(name, [row('sei-0'), { pod: 'sei-1', message: 'as the operator says' }]),
      owns,
    );
    // What the operator leaves out goes, as ever.
    const { targets, ...rest } = operatorsPart('sei-0', 'sei-1') as { targets: Row[]; summary?: string };
    const { summary: _, ...less } = rest;
    const object = accepted(
      await operator.apply(name, { ...less, targets: targets.map(({ message: __, ...one }) => one) }),
    );
    assert.equal(object.status['summary'], undefined);
    assert.equal(rowOf(object, 'sei-0')?.['message'], undefined);
  });

  test('under no name but its own', async () => {
    const name = await running('names');
    const foreign = /applies as nodetask-agent-<16 hexadecimal digits> or nodetask-agent-[0-9a-f-]{36}, not as /;
    for (const manager of ['kubectl', `nodetask-agent-${other.uid}`, 'nodetask-agent-xyz']) {
      await refused(name, async () => own.rows(name, [row('sei-0', { status: 'completed' })], manager), foreign);
    }
    const asOperator = async (): Promise<Written> =>
      own.apply(name, operatorsPart('sei-0', 'sei-1'), 'nodetask-operator');
    await refused(name, asOperator, foreign);
  });

  test('by apply, not by another kind of patch', async () => {
    const name = await running('patched');
    const operations = [{ op: 'replace', path: '/status/targets/0/result/status', value: 'completed' }];
    await refused(name, async () => own.jsonPatch(name, operations), /by server-side apply/);
  });

  test('not more than a few names on its row', async () => {
    const name = await running('many-names');
    const all = Array.from({ length: 12 }, (_, i) => `nodetask-agent-${String(i).padStart(16, '0')}`);
    const answers: number[] = [];
    for (const manager of all) answers.push((await own.rows(name, [row('sei-0')], manager)).status);
    assert.ok(answers.includes(403), answers.join());
    const { metadata } = await read(name);
    assert.ok(metadata.managedFields.length < 12, `${metadata.managedFields.length} owners`);
  });

  test('it strikes nobody off managedFields: what a request to status says of them is overlooked', async () => {
    const name = await running('struck-off');
    const earlier = await read(name);
    const { managedFields } = earlier.metadata;
    const others = managedFields.filter(({ manager }) => manager === own.manager);
    for (const fields of [[{}], others]) {
      accepted(await own.mergePatch(name, { metadata: { managedFields: fields } }));
      assert.deepEqual(await read(name), earlier);
    }
  });

  test('who takes the name of another keeps that one from nothing: it has a name that nobody else can take', async () => {
    const name = await create('squatted');
    accepted(await operator.apply(name, operatorsPart('sei-0', 'sei-1')));
    accepted(await own.rows(name, [row('sei-0')], managerOf('sei-1')));
    const { status } = await other.rows(name, [row('sei-1')]);
    assert.equal(status, 403, 'its own name would take the row of the other along');
    accepted(await other.rows(name, [row('sei-1')], `nodetask-agent-${other.uid}`));
  });
});

describe('the rest of a NodeTask', () => {
  test('no writer of status can change', async () => {
    const name = await running('rest');
    const earlier = await read(name);
    const changes = { metadata: { labels: { a: 'b' }, finalizers: ['x.example.com/y'] }, spec: { suspend: true } };
    accepted(await own.mergePatch(name, changes));
    assert.deepEqual(await read(name), earlier);
  });

  test('is not the concern of the policy', async () => {
    const name = await running('spec');
    const changed = await cluster.applyNodeTask(name, { ...spec, suspend: true });
    assert.equal((changed['spec'] as { suspend?: boolean }).suspend, true);
  });

  test('is not for agents: their role has no such verb', async () => {
    const name = await running('main');
    const path = `/apis/nodetask.dev/v1alpha1/namespaces/${cluster.namespace}/nodetasks/${name}`;
    const { token } = await cluster.controlPlane.serviceAccountToken({
      namespace: cluster.namespace,
      serviceAccount: 'nodetask-agent',
      pod: { name: 'sei-0', uid: own.uid },
    });
    using client = await cluster.controlPlane.clientFor(token);
    for (const method of ['PATCH', 'PUT', 'DELETE'] as const) {
      const { status, body } = await client.raw({
        method,
        path,
        body: {},
        contentType: 'application/merge-patch+json',
      });
      assert.equal(status, 403, method);
      assert.match(JSON.stringify(body), /cannot (?:patch|update|delete) resource/);
    }
  });
});

describe('with 256 targets of the longest names and the largest results', { timeout: 480_000 }, () => {
  const name = 'largest';
  const pods = Array.from({ length: maxTargets }, (_, i) => `${i}`.padStart(253, 'p'));
  const agents = new Map<string, StatusWriter>();

  /** As much as an agent may say with that many targets. */
  const fullRow = (pod: string, status: string): Row => {
    const largest = Number.MAX_SAFE_INTEGER;
    const numbers = { height: largest, bytes: largest, blocks: largest, peers: largest, changes: largest };
    const said = { outcome: 'unchanged', reason: 'x'.repeat(64), message: 'x'.repeat(maxRunTextCharacters), numbers };
    const runs = [
      { run: 3, status: 'failed', startedAt: at, completedAt: at, error: 'x'.repeat(maxRunTextCharacters) },
      ...[2, 1].map((run) => ({ run, status: 'completed', startedAt: at, completedAt: at, ...said })),
    ];
    const told = (length: number): object => result({ status, output: { x: 'x'.repeat(length) } });
    const rest = JSON.stringify(told(0)).length + JSON.stringify(runs).length;
    return { pod, result: told(maxResultBytes(maxTargets) - rest), runs };
  };
  const at = '2026-11-24T10:00:00.000Z';
  const wholePart = {
    ...operatorsPart(),
    history: Array.from({ length: maxHistoryEntries }, () => 'x'.repeat(maxHistoryCharacters)),
    conditions: Array.from({ length: 8 }, (_, i) => ({ ...condition, type: `Type${i}`, message: 'x'.repeat(1024) })),
    targets: pods.map((pod) => ({
      ...listed(pod),
      podUID: 'x'.repeat(36),
      completedAt: at,
      message: 'x'.repeat(maxTargetMessageCharacters(maxTargets)),
    })),
  };
  const agentOf = (pod: string | undefined): StatusWriter => {
    const agent = agents.get(pod ?? '');
    assert.ok(agent);
    return agent;
  };

  before(async () => {
    await create(name);
    accepted(await operator.apply(name, wholePart));
    await inBatches(pods, async (pod) => {
      agents.set(pod, await writers.pod(pod));
    });
  });

  test('every agent writes its row into an object of more than 900 KiB', async (t) => {
    await inBatches(pods, async (pod) => {
      accepted(await agentOf(pod).rows(name, [fullRow(pod, 'running')]));
    });
    const bytes = JSON.stringify(await read(name)).length;
    assert.ok(bytes > 900 * 1024, `${bytes} bytes`);
    const times: number[] = [];
    for (const pod of pods.slice(0, 20)) {
      const written = await agentOf(pod).rows(name, [fullRow(pod, 'completed')]);
      accepted(written);
      times.push(written.ms);
    }
    const [median = 0] = times.toSorted((a, b) => a - b).slice(times.length / 2);
    t.diagnostic(`${bytes} bytes; ${median.toFixed(0)} ms a write`);
  });

  test('rows of others have their bound also where there is room', async () => {
    const unlisted = await create('unlisted');
    const foreign = Array.from({ length: maxTargetRows - maxTargets - 1 }, (_, i) => ({ pod: `foreign-${i}` }));
    accepted(await operator.rows(unlisted, foreign, 'nodetask-foreign'));
    accepted(await own.rows(unlisted, [row('sei-0')]));
    const bound =
      /has 256 rows that the operator has not written: the agent of pod sei-1 waits until it is one of the targets/;
    await refused(unlisted, async () => other.rows(unlisted, [row('sei-1')]), bound);
    accepted(await own.rows(unlisted, [row('sei-0', { status: 'completed' })]));
    accepted(await operator.apply(unlisted, operatorsPart('sei-1')));
    accepted(await other.rows(unlisted, [row('sei-1')]));
  });

  test('what is refused is refused there too, and within the budget of CEL', async () => {
    const [first = '', second = ''] = pods;
    const agent = agentOf(first);
    await refused(
      name,
      async () => agent.rows(name, [fullRow(second, 'failed')]),
      /another row was added, removed, moved or changed/,
    );
    await refused(
      name,
      async () => agent.rows(name, [{ ...fullRow(first, 'failed'), phase: 'x' }]),
      /writes result and runs in its row/,
    );
    await refused(
      name,
      async () => agent.jsonPatch(name, [{ op: 'remove', path: '/status/targets/255' }]),
      /another row was/,
    );
    await refused(
      name,
      async () => agent.apply(name, (await read(name)).status),
      /owns nothing but its own row|applies as/,
    );
    const large = { ...fullRow(first, 'failed'), runs: [], result: result({ output: { x: 'x'.repeat(4096) } }) };
    await refused(
      name,
      async () => agent.rows(name, [large]),
      /with 256 rows in status\.targets 3072 are the most/,
      413,
    );
  });

  test('rows of others take nobody the room: there are 256 places for them, and less for what they say', async () => {
    const foreign = Array.from({ length: maxTargetRows - maxTargets - 1 }, (_, i) => ({ pod: `foreign-${i}` }));
    accepted(await operator.rows(name, foreign, 'nodetask-foreign'));
    accepted(await own.rows(name, [row('sei-0')]));
    assert.equal((await read(name)).status.targets?.length, maxTargetRows);
    const { status, message } = await other.rows(name, [row('sei-1')]);
    assert.equal(status, 422);
    assert.match(message, /Too many: 513/);
    const [first = ''] = pods;
    await refused(
      name,
      async () => agentOf(first).rows(name, [fullRow(first, 'running')]),
      /with 512 rows in status\.targets 1536/,
      413,
    );
    accepted(await agentOf(first).rows(name, [row(first)]));
    accepted(await operator.apply(name, { ...wholePart, summary: 'x' }));
  });
});

const inBatches = async <T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> => {
  // Writers of one object have each other's writes tried again.
  for (let start = 0; start < items.length; start += 2) await Promise.all(items.slice(start, start + 2).map(work));
};
