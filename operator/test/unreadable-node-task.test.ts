import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { NodeTask } from '@nodetask/shared';
import { type Cluster, startCluster, waitFor } from '@nodetask/testbed';
import { pathOf, reasonOf, until, untilFinished } from './support/test-cluster.ts';

/** NodeTasks that a CRD lets through and that the operator cannot read, beside others. */
let cluster: Cluster;
const pod = 'sei-0';

before(async () => {
  cluster = await startCluster();
  await cluster.createAgentPod(pod);
});

after(async () => {
  await cluster.stop();
});

interface Schema {
  readonly properties: Readonly<Record<string, Schema>>;
  readonly 'x-kubernetes-validations'?: unknown;
  readonly required?: unknown;
}

interface CRD {
  readonly spec: {
    readonly versions: readonly { readonly schema: { openAPIV3Schema: Schema }; selectableFields?: unknown }[];
  };
}

const crdPath = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions/nodetasks.nodetask.dev';

/** As a CRD of another version may: it lets any spec through. */
const letAnySpecThrough = async (): Promise<void> => {
  const crd = structuredClone(await cluster.admin.get<CRD>(crdPath));
  assert.ok(crd);
  for (const version of crd.spec.versions) {
    const { schema } = version;
    // They name members that such a schema does not know.
    delete version.selectableFields;
    const { 'x-kubernetes-validations': _, required: __, properties, ...rest } = schema.openAPIV3Schema;
    const anything = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } as unknown as Schema;
    schema.openAPIV3Schema = { ...rest, properties: { ...properties, spec: anything } };
  }
  await cluster.admin.request({ method: 'PUT', path: crdPath, body: crd });
};

const unreadable: Readonly<Record<string, readonly [spec: unknown, says: RegExp]>> = {
  'without-target': [{ type: 'mark-ready' }, /spec\.target: /],
  'without-spec': [undefined, /spec: /],
  'with-null-target': [{ type: 'mark-ready', target: null, dependsOn: 7 }, /spec\.target: /],
  'with-odd-members': [{ type: 7, target: { podName: pod }, async: 'now', dependsOn: 'x' }, /spec\.type: /],
};

/** The API server takes notice of a CRD a moment after it was written. */
const create = async (name: string, spec: unknown): Promise<void> => {
  const body = {
    apiVersion: 'nodetask.dev/v1alpha1',
    kind: 'NodeTask',
    metadata: { name, namespace: cluster.namespace },
    ...(spec === undefined ? {} : { spec }),
  };
  const path = pathOf(cluster, name).replace(/\/[^/]+$/, '');
  await waitFor(async () => (await cluster.admin.raw({ method: 'POST', path, body })).status === 201, {
    what: `the API server to take ${name}`,
    timeoutMs: 30_000,
  });
};

const saysInvalid = async (name: string, says: RegExp): Promise<void> => {
  const nodeTask = await until(
    cluster,
    name,
    'to say that it is invalid',
    (found) => reasonOf(found, 'Stalled') === 'InvalidSpec',
  );
  assert.match(nodeTask.status?.conditions?.find(({ type }) => type === 'Ready')?.message ?? '', says);
};

test('a NodeTask that the operator cannot read says what is wrong, and those beside it run', async () => {
  await letAnySpecThrough();
  for (const [name, [spec]] of Object.entries(unreadable)) await create(name, spec);
  await cluster.applyNodeTask('good', { type: 'mark-ready', target: { podName: pod } });
  assert.equal((await untilFinished(cluster, 'good')).status?.phase, 'Succeeded');
  for (const [name, [, says]] of Object.entries(unreadable)) await saysInvalid(name, says);
});

test('they are in the way of no operator that starts, either', async () => {
  await cluster.operator.restart();
  await cluster.applyNodeTask('after-the-start', { type: 'mark-ready', target: { podName: pod } });
  assert.equal((await untilFinished(cluster, 'after-the-start')).status?.phase, 'Succeeded');
});

test('one that is corrected runs, and the others can be deleted', async () => {
  const { 'without-target': _, ...others } = unreadable;
  await cluster.applyNodeTask('without-target', { type: 'mark-ready', target: { podName: pod } });
  assert.equal((await untilFinished(cluster, 'without-target')).status?.phase, 'Succeeded');
  for (const name of Object.keys(others)) {
    await cluster.admin.delete(pathOf(cluster, name));
    await cluster.untilNodeTask<NodeTask>(name, (object) => object === undefined, {
      what: `${name} to be gone`,
      timeoutMs: 60_000,
    });
  }
});
