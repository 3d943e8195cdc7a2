import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type ControlPlane, helm, type KubeObject, startControlPlane, waitFor, waitForObject } from '@nodetask/testbed';
import { chart, releaseNamespace } from './support/chart.ts';

/** What the chart has the API server say to people with kubectl, when what they apply is right by itself and will do nothing. */
let controlPlane: ControlPlane;

const policies = '/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies';
const values = ['--set', 'agentNamespaces={sei},agentServiceAccounts={sei-agent},watchWarning=true'];

const run = async (...args: readonly string[]): Promise<string> => {
  const { code, stderr } = await helm(controlPlane, args);
  return code === 0 ? '' : stderr;
};
const install = async (release: string, namespace: string, ...more: readonly string[]): Promise<string> =>
  run('upgrade', '--install', release, chart, '--namespace', namespace, ...more);

/** Applies by kubectl on behalf of somebody; the lines that it prints to stderr. */
const apply = async (object: object, ...more: readonly string[]): Promise<readonly string[]> => {
  const { code, stderr } = await controlPlane.kubectl(['apply', '-f', '-', ...more], { input: JSON.stringify(object) });
  assert.equal(code, 0, stderr);
  return stderr.split('\n').filter((line) => line !== '');
};

const warningOf = (policy: string, text: string): string =>
  `Warning: Validation failed for ValidatingAdmissionPolicy '${policy}' with binding '${policy}': ${text}`;

const nodeTask = (namespace: string, name: string, more: object = {}): object => ({
  apiVersion: 'nodetask.dev/v1alpha1',
  kind: 'NodeTask',
  metadata: { name, namespace },
  spec: { type: 'mark-ready', target: { podName: 'sei-rpc-0' }, ...more },
});
const labels = { app: 'sei', 'nodetask.dev/agent': 'enabled' };

/** The template of a pod. */
const template = (serviceAccountName: string | undefined, labelled = true, more: object = {}): object => ({
  metadata: { labels: labelled ? labels : { app: 'sei' } },
  spec: { containers: [{ name: 'node', image: 'sei' }], ...(serviceAccountName && { serviceAccountName }), ...more },
});
const selector = { matchLabels: { app: 'sei' } };
const statefulSet = (name: string, pod: object, namespace = 'sei'): object => ({
  apiVersion: 'apps/v1',
  kind: 'StatefulSet',
  metadata: { name, namespace },
  spec: { serviceName: 'sei', selector, template: pod },
});

/** The API server knows a policy some moments after it was created. */
const untilWarned = async (object: object, warned: boolean): Promise<void> => {
  await waitFor(async () => (await apply(object, '--dry-run=server')).length > 0 === warned, {
    what: `kubectl to be ${warned ? 'warned' : 'warned no more'}`,
    timeoutMs: 30_000,
  });
};

before(async () => {
  controlPlane = await startControlPlane();
  for (const namespace of [releaseNamespace, 'sei', 'osmosis', 'other']) await controlPlane.createNamespace(namespace);
  // No operator answers here: what is looked at is what the API server says by itself.
  assert.equal(await install('nodetask', releaseNamespace, '--set', 'injection.enabled=false', ...values), '');
  await untilWarned(nodeTask('osmosis', 'probe'), true);
  await untilWarned(statefulSet('probe', template('sei-node')), true);
});

after(async () => {
  await controlPlane.stop();
});

test('both policies have the right types, as far as Kubernetes can tell', async () => {
  interface Policy extends KubeObject {
    readonly metadata: KubeObject['metadata'] & { readonly generation: number };
    readonly status?: {
      readonly observedGeneration?: number;
      readonly typeChecking?: { readonly expressionWarnings?: readonly unknown[] };
    };
  }
  for (const name of ['nodetask-unwatched', 'nodetask-may-not-report']) {
    const policy = await waitForObject<Policy>(
      controlPlane.admin,
      `${policies}/${name}`,
      (object) => object?.status?.observedGeneration === object?.metadata.generation,
      { what: `the types of ${name} to be checked`, timeoutMs: 60_000 },
    );
    assert.deepEqual(policy?.status?.typeChecking?.expressionWarnings ?? [], [], name);
  }
});

describe('a NodeTask in a namespace that nobody watches', () => {
  const unwatched = warningOf(
    'nodetask-unwatched',
    'no NodeTask operator watches namespace osmosis: add it to agentNamespaces of Helm release nodetask in namespace nodetask-system',
  );

  test('is created with a warning, and so is a change of its spec', async () => {
    assert.deepEqual(await apply(nodeTask('osmosis', 'ready')), [unwatched]);
    assert.deepEqual(await apply(nodeTask('osmosis', 'ready', { runID: '2' })), [unwatched]);
    assert.deepEqual(await apply(nodeTask('osmosis', 'ready', { runID: '3' }), '--server-side', '--force-conflicts'), [
      unwatched,
    ]);
  });

  test('is no news where the spec stays', async () => {
    await apply(nodeTask('osmosis', 'same'));
    const args = ['label', 'nodetask', 'same', '--namespace', 'osmosis', 'team=nodes'];
    assert.equal((await controlPlane.kubectl(args)).stderr, '');
  });

  test('is not what one of agentNamespaces has', async () => {
    assert.deepEqual(await apply(nodeTask('sei', 'ready')), []);
  });

  test('is told of by one release in a cluster: Helm lets no second one have the warning', async () => {
    const others = [
      '--set',
      'agentNamespaces={other},watchWarning=true,admissionPolicy.enabled=false,crds.install=false',
    ];
    assert.match(await install('second', 'other', ...others), /"nodetask-unwatched" .*exists and cannot be imported/);
  });
});

const warnedOf = (account: string): string =>
  warningOf(
    'nodetask-may-not-report',
    `service account ${account} of namespace sei may not report what its agents do: add it to agentServiceAccounts of Helm release nodetask in namespace nodetask-system`,
  );

describe('a workload whose service account may not report', () => {
  test('is a StatefulSet, a Deployment, a DaemonSet, a Job, a CronJob or a bare pod', async () => {
    const pod = template('sei-node', true, { restartPolicy: 'Never' }) as { metadata: object; spec: object };
    const running = template('sei-node');
    const metadata = { name: 'sei', namespace: 'sei' };
    const objects = [
      statefulSet('sei', running),
      { apiVersion: 'apps/v1', kind: 'Deployment', metadata, spec: { selector, template: running } },
      { apiVersion: 'apps/v1', kind: 'DaemonSet', metadata, spec: { selector, template: running } },
      { apiVersion: 'batch/v1', kind: 'Job', metadata, spec: { template: pod } },
      {
        apiVersion: 'batch/v1',
        kind: 'CronJob',
        metadata,
        spec: { schedule: '0 3 * * *', jobTemplate: { spec: { template: pod } } },
      },
      { ...pod, apiVersion: 'v1', kind: 'Pod', metadata: { ...metadata, ...pod.metadata } },
    ];
    await apply({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'sei-node', namespace: 'sei' } });
    for (const object of objects) assert.deepEqual(await apply(object), [warnedOf('sei-node')], JSON.stringify(object));
  });

  test('is told of by its right name where the template names none', async () => {
    assert.deepEqual(await apply(statefulSet('unnamed', template(undefined))), [warnedOf('default')]);
  });

  test('is told of again with the next change of the spec, and of no other', async () => {
    await apply(statefulSet('again', template('sei-node')));
    const patch = ['patch', 'statefulset', 'again', '--namespace', 'sei', '--type=merge', '--patch'];
    const label = await controlPlane.kubectl([...patch, '{"metadata":{"labels":{"team":"nodes"}}}']);
    assert.equal(label.stderr, '');
    const spec = await controlPlane.kubectl([...patch, '{"spec":{"replicas":2}}']);
    assert.equal(spec.stderr.trim(), warnedOf('sei-node'));
  });

  test('needs both rights of an agent: to read a NodeTask, and to write its status', async () => {
    const rights = {
      read: { resources: ['nodetasks'], verbs: ['get'] },
      write: { resources: ['nodetasks/status'], verbs: ['patch'] },
    };
    for (const [name, rule] of Object.entries(rights)) {
      await controlPlane.admin.apply({
        apiVersion: 'rbac.authorization.k8s.io/v1',
        kind: 'Role',
        metadata: { name, namespace: 'sei' },
        rules: [{ apiGroups: ['nodetask.dev'], ...rule }],
      });
      const accounts = [`--serviceaccount=sei:${name}`, '--serviceaccount=sei:both'];
      const bind = ['create', 'rolebinding', name, '--namespace=sei', `--role=${name}`, ...accounts];
      assert.equal((await controlPlane.kubectl(bind)).code, 0);
    }
    // From then on the API server knows all of them.
    await untilWarned(statefulSet('both', template('both')), false);
    for (const name of Object.keys(rights))
      assert.deepEqual(await apply(statefulSet(name, template(name))), [warnedOf(name)]);
  });

  test('is warned of no more once it has the right, whoever gave it', async () => {
    const bind = ['create', 'rolebinding', 'by-hand', '--namespace=sei', '--clusterrole=nodetask-agent'];
    assert.equal((await controlPlane.kubectl([...bind, '--serviceaccount=sei:by-hand'])).code, 0);
    await untilWarned(statefulSet('by-hand', template('by-hand')), false);
  });
});

describe('nobody is warned', () => {
  test('of a service account that may report', async () => {
    assert.deepEqual(await apply(statefulSet('allowed', template('sei-agent'))), []);
  });

  test('of a template without the label of agents, or with another value of it', async () => {
    assert.deepEqual(await apply(statefulSet('plain', template('sei-node', false))), []);
    const disabled = { ...template('sei-node'), metadata: { labels: { ...labels, 'nodetask.dev/agent': 'disabled' } } };
    assert.deepEqual(await apply(statefulSet('disabled', disabled)), []);
  });

  test('of a pod that a controller makes, for it reads no warnings', async () => {
    const { metadata } = await controlPlane.admin.apply(statefulSet('owner', template('sei-agent')) as KubeObject);
    const ownerReferences = [{ apiVersion: 'apps/v1', kind: 'StatefulSet', name: 'owner', uid: metadata.uid }];
    const pod = { apiVersion: 'v1', kind: 'Pod', ...template('sei-node') };
    assert.deepEqual(
      await apply({ ...pod, metadata: { name: 'owner-0', namespace: 'sei', labels, ownerReferences } }),
      [],
    );
  });

  test('of workloads in a namespace that the operator does not watch', async () => {
    assert.deepEqual(await apply(statefulSet('elsewhere', template('sei-node'), 'osmosis')), []);
  });
});

test('where all namespaces are watched, the remedy is a command, and it helps', async () => {
  assert.equal(await install('nodetask', releaseNamespace, '--set', 'injection.enabled=false'), '');
  await untilWarned(nodeTask('osmosis', 'probe'), false);
  const object = statefulSet('commanded', template('sei-node'), 'osmosis');
  await untilWarned(object, true);
  const [line = '', ...others] = await apply(object);
  assert.deepEqual(others, []);
  const said =
    'service account sei-node of namespace osmosis may not report what its agents do: kubectl create rolebinding nodetask-agent-sei-node --namespace osmosis --clusterrole=nodetask-agent --serviceaccount=osmosis:sei-node';
  assert.equal(line, warningOf('nodetask-may-not-report', said));
  const { code, stderr } = await controlPlane.kubectl(said.slice(said.indexOf('create ')).split(' '));
  assert.equal(code, 0, stderr);
  await untilWarned(statefulSet('commanded-too', template('sei-node'), 'osmosis'), false);
});
