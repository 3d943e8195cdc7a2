import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { type CommandResult, type ControlPlane, helm, startControlPlane, waitFor } from '@nodetask/testbed';
import { chart, releaseNamespace } from './support/chart.ts';
import { olderChart } from './support/older-chart.ts';

/** How the CustomResourceDefinition follows the chart (docs/upgrade.md), and outlives it. */
let controlPlane: ControlPlane;

const crdPath = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions/nodetasks.nodetask.dev';
const taskPath = '/apis/nodetask.dev/v1alpha1/namespaces/default/nodetasks/task';
/** A field of status that the older CRD does not know. */
const field = 'fence';

before(async () => {
  controlPlane = await startControlPlane();
  await controlPlane.createNamespace(releaseNamespace);
});

after(async () => {
  await controlPlane.stop();
});

const run = async (...args: readonly string[]): Promise<CommandResult> =>
  helm(controlPlane, [...args, '--namespace', releaseNamespace]);

const succeed = async (...args: readonly string[]): Promise<void> => {
  const { code, stderr } = await run(...args);
  assert.equal(code, 0, stderr);
};

const isServed = async (): Promise<void> => {
  await waitFor(async () => controlPlane.admin.get('/apis/nodetask.dev/v1alpha1/nodetasks?limit=1'), {
    what: 'the API server to serve NodeTasks',
    timeoutMs: 30_000,
  });
};

const createTask = async (): Promise<void> => {
  await isServed();
  await controlPlane.admin.apply({
    apiVersion: 'nodetask.dev/v1alpha1',
    kind: 'NodeTask',
    metadata: { name: 'task', namespace: 'default' },
    spec: { type: 'mark-ready', target: { podName: 'pod' } },
  });
};

/** The administrator reports here, whom the policy would refuse. */
const withoutPolicy = ['--set', 'admissionPolicy.enabled=false'];

/** Writes status as operator and agents do. */
const report = async (): Promise<number> => {
  const { status } = await controlPlane.admin.raw({
    method: 'PATCH',
    path: `${taskPath}/status?fieldManager=test&force=true`,
    contentType: 'application/apply-patch+yaml',
    body: {
      apiVersion: 'nodetask.dev/v1alpha1',
      kind: 'NodeTask',
      metadata: { name: 'task', namespace: 'default' },
      status: { observedGeneration: 1, [field]: 7 },
    },
  });
  return status;
};

beforeEach(async () => {
  await run('uninstall', 'nodetask', '--ignore-not-found', '--wait');
  await controlPlane.admin.delete(crdPath);
  await waitFor(async () => (await controlPlane.admin.get(crdPath)) === undefined, {
    what: 'the CRD to be gone',
    timeoutMs: 30_000,
  });
});

describe('helm upgrade', () => {
  test('brings the CRD, before the operator that writes its new fields', async () => {
    await succeed('install', 'nodetask', await olderChart(controlPlane.folder, field), ...withoutPolicy);
    await createTask();
    assert.notEqual(await report(), 200, 'the older CRD knows no such field');
    const begin = (await controlPlane.auditEvents()).length;
    await succeed('upgrade', 'nodetask', chart, ...withoutPolicy);
    // The API server takes a moment until it goes by the new schema.
    await waitFor(async () => (await report()) === 200, { what: 'the new field to be written', timeoutMs: 10_000 });
    const written = (await controlPlane.auditEvents())
      .slice(begin)
      .filter(({ verb, userAgent }) => /^(?:patch|update)$/.test(verb) && userAgent?.startsWith('Helm/') === true)
      .map(({ objectRef }) => objectRef?.resource);
    const crd = written.indexOf('customresourcedefinitions');
    assert.ok(crd >= 0 && crd < written.indexOf('deployments'), written.join());
  });

  test('without the CRD, which somebody else installs, leaves it where it is', async () => {
    await succeed('install', 'nodetask', chart);
    await createTask();
    await succeed('upgrade', 'nodetask', chart, '--set', 'crds.install=false');
    assert.ok(await controlPlane.admin.get(crdPath));
    assert.ok(await controlPlane.admin.get(taskPath));
  });
});

describe('helm uninstall', () => {
  test('leaves the CRD and the NodeTasks, and another install takes them up', async () => {
    await succeed('install', 'nodetask', chart);
    await createTask();
    await succeed('uninstall', 'nodetask', '--wait');
    assert.ok(await controlPlane.admin.get(taskPath));
    await succeed('install', 'nodetask', chart);
    assert.ok(await controlPlane.admin.get(taskPath));
  });
});

describe('a CRD that kubectl has applied', () => {
  test('is not taken over by accident, but by --take-ownership', async () => {
    const crds = new URL('../../crds', import.meta.url).pathname;
    const applied = await controlPlane.kubectl(['apply', '--server-side', '-k', crds]);
    assert.equal(applied.code, 0, applied.stderr);
    await createTask();
    const { code, stderr } = await run('install', 'nodetask', chart);
    assert.notEqual(code, 0);
    assert.match(stderr, /invalid ownership metadata/);
    await succeed('install', 'nodetask', chart, '--take-ownership');
    assert.ok(await controlPlane.admin.get(taskPath));
    await succeed('uninstall', 'nodetask', '--wait');
    assert.ok(await controlPlane.admin.get(taskPath), 'it is kept now, too');
  });

  test('goes on being upgraded by kubectl where the chart leaves it alone', async () => {
    const crds = new URL('../../crds', import.meta.url).pathname;
    assert.equal((await controlPlane.kubectl(['apply', '--server-side', '-k', crds])).code, 0);
    await succeed('install', 'nodetask', chart, '--set', 'crds.install=false', ...withoutPolicy);
    assert.equal((await controlPlane.kubectl(['apply', '--server-side', '-k', crds])).code, 0);
    await createTask();
    assert.equal(await report(), 200);
  });
});
