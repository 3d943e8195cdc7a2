import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, describe, it, type TestContext } from 'node:test';
import type { ControlPlane, KubeObject } from '@nodetask/testbed';
import { parse } from 'yaml';
import { crdPath, namespace, nodeTasksPath, startCluster } from './cluster.ts';
import { readManifests } from './manifest-file.ts';

/** Those of Argo CD, Flux and Kustomize are for charts/test/gitops.test.ts and deploy.test.ts. */
const known: ReadonlySet<string> = new Set(['v1', 'apps/v1', 'nodetask.dev/v1alpha1']);
const examples = (await readManifests(new URL('../../examples/', import.meta.url))).filter(({ documents }) =>
  documents.every(({ apiVersion }) => known.has(apiVersion)),
);

interface NodeTaskObject extends KubeObject {
  readonly spec: Record<string, unknown>;
  readonly status?: Record<string, unknown>;
}

const nodeTask = (name: string, spec: Record<string, unknown>): NodeTaskObject => ({
  apiVersion: 'nodetask.dev/v1alpha1',
  kind: 'NodeTask',
  metadata: { name, namespace },
  spec: { target: { podName: 'sei-rpc-0' }, ...spec },
});

const result = (id: string): Record<string, unknown> => ({
  id,
  type: 'mark-ready',
  status: 'completed',
  submittedAt: '2026-11-24T10:00:00.000Z',
  run: 1,
});

/** What the API server says of a NodeTask until somebody has looked at it. */
const unseen = {
  type: 'Ready',
  status: 'Unknown',
  lastTransitionTime: '1970-01-01T00:00:00Z',
  reason: 'Unseen',
  message:
    'no operator has looked at it yet. Check that one runs (kubectl get pods -A -l app.kubernetes.io/name=nodetask), and that its agentNamespaces name this namespace',
};

describe('the CRD on a real API server', () => {
  let cluster: ControlPlane;
  before(async () => {
    cluster = await startCluster();
  });
  after(async () => cluster.stop());

  const create = async (object: KubeObject, query = 'fieldValidation=Strict'): Promise<NodeTaskObject> =>
    cluster.admin.request<NodeTaskObject>({ method: 'POST', path: `${nodeTasksPath}?${query}`, body: object });

  const update = async (live: NodeTaskObject, spec: Record<string, unknown>): Promise<NodeTaskObject> =>
    cluster.admin.request<NodeTaskObject>({
      method: 'PUT',
      path: `${nodeTasksPath}/${live.metadata.name}?fieldValidation=Strict`,
      body: { ...live, spec },
    });

  const applyStatus = async (name: string, manager: string, status: Record<string, unknown>): Promise<NodeTaskObject> =>
    cluster.admin.request<NodeTaskObject>({
      method: 'PATCH',
      path: `${nodeTasksPath}/${name}/status?fieldManager=${manager}&force=true`,
      contentType: 'application/apply-patch+yaml',
      body: { apiVersion: 'nodetask.dev/v1alpha1', kind: 'NodeTask', metadata: { name, namespace }, status },
    });

  it('is accepted without warnings and is structural', async () => {
    const crd = parse(await readFile(crdPath, 'utf8')) as KubeObject;
    const { status, warnings } = await cluster.admin.raw({
      method: 'PATCH',
      path: `/apis/apiextensions.k8s.io/v1/customresourcedefinitions/${crd.metadata.name}?fieldManager=test&force=true&fieldValidation=Strict`,
      body: crd,
      contentType: 'application/apply-patch+yaml',
    });
    assert.equal(status, 200);
    assert.deepEqual(warnings, []);

    const served = await cluster.admin.get<KubeObject & { status: { conditions: { type: string; status: string }[] } }>(
      `/apis/apiextensions.k8s.io/v1/customresourcedefinitions/${crd.metadata.name}`,
    );
    assert.deepEqual(served?.status.conditions.map(({ type, status: value }) => `${type}=${value}`).toSorted(), [
      'Established=True',
      'NamesAccepted=True',
    ]);
  });

  it('fits into the annotation of client-side kubectl apply', async () => {
    const { length } = JSON.stringify(parse(await readFile(crdPath, 'utf8')));
    assert.ok(length < 256 * 1024, `${length} bytes`);
  });

  for (const { name } of examples) {
    it(`examples/${name} is accepted, dry and for real`, async () => {
      const path = new URL(`../../examples/${name}`, import.meta.url).pathname;
      for (const dry of [['--dry-run=server'], []]) {
        const args = ['apply', '--validate=strict', '--warnings-as-errors', ...dry, '-f', path];
        const { code, stdout, stderr } = await cluster.kubectl(args);
        assert.equal(code, 0, stderr);
        assert.match(stdout, /created/);
      }
    });
  }

  it('fills in the status that says that nobody has looked, on create, get, list and watch', async () => {
    const untouched = { observedGeneration: -1, phase: 'Pending', conditions: [unseen] };
    const earlier = await cluster.admin.request({ method: 'GET', path: nodeTasksPath });
    const created = await create(nodeTask('untouched', { type: 'mark-ready' }));
    assert.deepEqual(created.status, untouched);

    const got = await cluster.admin.get<NodeTaskObject>(`${nodeTasksPath}/untouched`);
    assert.deepEqual(got?.status, untouched);

    const list = await cluster.admin.request<KubeObject & { items: NodeTaskObject[] }>({
      method: 'GET',
      path: nodeTasksPath,
    });
    assert.deepEqual(list.items.find(({ metadata }) => metadata.name === 'untouched')?.status, untouched);

    const events = cluster.admin.watch<NodeTaskObject>(
      nodeTasksPath,
      String(earlier.metadata.resourceVersion),
      AbortSignal.timeout(10_000),
    );
    let seen: NodeTaskObject | undefined;
    for await (const { type, object } of events) {
      if (type === 'ADDED' && object.metadata.name === 'untouched') {
        seen = object;
        break;
      }
    }
    assert.deepEqual(seen?.status, untouched);
  });

  it('fills in the phase Pending whoever writes status without one, and leaves the one that is written', async () => {
    const name = 'phases';
    const path = `${nodeTasksPath}/${name}`;
    const phase = async (): Promise<unknown> => (await cluster.admin.get<NodeTaskObject>(path))?.status?.['phase'];
    await create(nodeTask(name, { type: 'mark-ready' }));
    const targets = [{ pod: 'sei-rpc-0', result: result('0c5ab1a5-7e0a-4d83-9d70-2f6d9ac64fd4') }];
    assert.equal((await applyStatus(name, 'agent', { targets })).status?.['phase'], 'Pending');

    const running = await applyStatus(name, 'operator', { observedGeneration: 1, phase: 'Running' });
    assert.equal(running.status?.['phase'], 'Running');
    await applyStatus(name, 'agent', {
      targets: [{ pod: 'sei-rpc-0', result: result('0c5ab1a5-7e0a-4d83-9d70-2f6d9ac64fd5') }],
    });
    assert.equal(await phase(), 'Running', 'the write of an agent does not put it back');

    assert.equal((await applyStatus(name, 'operator', {})).status?.['phase'], 'Pending', 'whose owner takes it off');
    await cluster.admin.request({
      method: 'PATCH',
      path: `${path}/status`,
      contentType: 'application/merge-patch+json',
      body: { status: { phase: null } },
    });
    assert.equal(await phase(), 'Pending');
    const { stdout } = await cluster.kubectl(['get', 'nodetask', name, '-n', namespace, '--no-headers']);
    assert.match(stdout, /^phases +Pending +Unseen /u);
  });

  it('refuses a NodeTask that waits for itself', async () => {
    const dependsOn = ['other', 'selfish'];
    await assert.rejects(
      create(nodeTask('selfish', { type: 'mark-ready', dependsOn })),
      /spec\.dependsOn: Invalid value: .*cannot wait for itself/s,
    );
    await create(nodeTask('patient', { type: 'mark-ready', dependsOn }));
  });

  it('fills in the defaults', async () => {
    const { spec } = await create(
      nodeTask('defaults', {
        type: 'result-export',
        params: { bucket: 'sei-results', region: 'eu-central-1' },
        async: { daemon: {} },
        retry: {},
        strategy: {},
      }),
    );
    assert.deepEqual(spec, {
      type: 'result-export',
      target: { podName: 'sei-rpc-0', waitSeconds: 300 },
      params: { bucket: 'sei-results', region: 'eu-central-1' },
      async: { daemon: { restartPolicy: 'OnFailure' } },
      retry: { limit: 0, backoffSeconds: 10, maxBackoffSeconds: 300 },
      strategy: { maxParallel: 1, order: 'Name', failureThreshold: 0, onFailure: 'Stop' },
      suspend: false,
      cancel: false,
    });
  });

  it('takes numbers and percentages', async () => {
    const strategy = { maxParallel: '25%', failureThreshold: 2, order: 'Ordinal', onFailure: 'Pause' };
    const { spec } = await create(nodeTask('percentages', { type: 'mark-ready', strategy }));
    assert.deepEqual(spec['strategy'], strategy);
  });

  it('keeps whatever stands in params.files', async () => {
    const files = {
      'config.toml': { p2p: { 'max-num-inbound-peers': 80, seeds: ['a', 'b'], nested: { x: { y: [{ z: 1.5 }] } } } },
      'genesis.json': { app_state: { bank: { supply: '18446744073709551615' } } },
    };
    const { spec } = await create(nodeTask('files', { type: 'config-patch', params: { files } }));
    assert.deepEqual(spec['params'], { files });
  });

  it('prunes an unknown param with a warning where the client does not validate strictly', async () => {
    const { status, warnings, body } = await cluster.admin.raw({
      method: 'POST',
      path: `${nodeTasksPath}?fieldValidation=Warn`,
      body: nodeTask('pruned', { type: 'config-validate', params: { targetVersion: 1, targetVersoin: 2 } }),
    });
    assert.equal(status, 201);
    assert.match(warnings.join('\n'), /unknown field \\?"spec\.params\.targetVersoin\\?"/);
    assert.deepEqual((body as NodeTaskObject).spec['params'], { targetVersion: 1 });
  });

  it('lets everything change that does not change the task', async () => {
    const params = { targetVersion: 1 };
    const schedule = { cron: '0 3 * * *' };
    let live = await create(nodeTask('mutable', { type: 'config-validate', params, async: { schedule } }));
    for (const change of [
      { async: { schedule: { cron: '0 4 * * *' } } },
      { async: { schedule: { ...schedule, timeZone: 'Europe/Berlin' } } },
      { async: { schedule: { ...schedule, startingDeadlineSeconds: 60 } } },
      { suspend: true },
      { cancel: true },
      { timeoutSeconds: 60 },
      { retry: { limit: 3 } },
      { strategy: { maxParallel: '50%' } },
      { ttlSecondsAfterFinished: 60 },
    ]) {
      live = await update(live, { ...live.spec, ...change });
    }
    live = await update(live, { type: live.spec['type'], target: live.spec['target'], params, async: { schedule } });
    assert.equal(live.spec['timeoutSeconds'], undefined);
  });

  it('lets the whole task change together with a new runID', async () => {
    const first = await create(nodeTask('new-run', { type: 'config-validate' }));
    const second = await update(first, {
      type: 'config-apply',
      target: { selector: { matchLabels: { app: 'sei-rpc' } } },
      params: { mode: 'full' },
      async: { schedule: { blockHeight: 7 } },
      runID: '2',
    });
    const third = await update(second, { type: 'mark-ready', target: { podName: 'sei-rpc-1' }, runID: '3' });
    assert.deepEqual(third.spec['target'], { podName: 'sei-rpc-1', waitSeconds: 300 });
    assert.equal(third.spec['params'], undefined);
  });

  it('keeps the rows of each agent and of the operator apart', async () => {
    await create(nodeTask('rows', { type: 'mark-ready' }));
    const running = {
      type: 'Ready',
      status: 'False',
      observedGeneration: 1,
      lastTransitionTime: '2026-11-24T10:00:00.000Z',
      reason: 'Running',
      message: 'runs on a',
    };
    const idOfA = '6f0c2f5e-24e5-5c5f-9d3c-0d8f3c1b7a01';
    const idOfB = '6f0c2f5e-24e5-5c5f-9d3c-0d8f3c1b7a02';
    await applyStatus('rows', 'agent-a', {
      targets: [{ pod: 'a', result: { ...result(idOfA), output: { deep: { x: 1 } } } }],
    });
    await applyStatus('rows', 'agent-b', { targets: [{ pod: 'b', result: result(idOfB) }] });
    await applyStatus('rows', 'operator', {
      observedGeneration: 1,
      phase: 'Running',
      conditions: [running],
      targets: [{ pod: 'a', attempt: 1 }],
    });
    const { status } = await applyStatus('rows', 'agent-a', { targets: [{ pod: 'a', result: result(idOfA) }] });
    assert.deepEqual(status, {
      observedGeneration: 1,
      phase: 'Running',
      // Nothing is left of the condition that says that nobody has looked.
      conditions: [running],
      targets: [
        { pod: 'a', attempt: 1, result: result(idOfA) },
        { pod: 'b', result: result(idOfB) },
      ],
    });
  });

  it('shows what matters in kubectl get', async () => {
    await create(nodeTask('columns', { type: 'config-validate', async: { schedule: { cron: '0 3 * * *' } } }));
    await cluster.admin.request({
      method: 'PATCH',
      path: `${nodeTasksPath}/columns/status`,
      contentType: 'application/merge-patch+json',
      body: {
        status: {
          observedGeneration: 1,
          phase: 'Scheduled',
          target: 'app=sei',
          progress: '2/3',
          nextRunAt: '2099-11-25T03:00:00.000Z',
          lastRunAt: new Date(Date.now() - 2 * 3_600_000).toISOString(),
          conditions: [
            {
              type: 'Ready',
              status: 'True',
              reason: 'Scheduled',
              message: 'Waits for its next run.',
              lastTransitionTime: '2026-11-24T10:00:00Z',
            },
          ],
        },
      },
    });
    const columns = async (...args: string[]): Promise<readonly (readonly string[])[]> => {
      const { code, stdout, stderr } = await cluster.kubectl(['-n', namespace, 'get', 'nt', 'columns', ...args]);
      assert.equal(code, 0, stderr);
      return stdout
        .trimEnd()
        .split('\n')
        .map((line) => line.split(/ {2,}/));
    };
    const [header, row] = await columns();
    assert.deepEqual(header, ['NAME', 'TARGET', 'PHASE', 'PROGRESS', 'REASON', 'AGE']);
    assert.deepEqual(row?.slice(0, 5), ['columns', 'app=sei', 'Scheduled', '2/3', 'Scheduled']);

    const [wideHeader, wideRow] = await columns('-o', 'wide');
    assert.deepEqual(wideHeader?.slice(6), ['TYPE', 'LAST RUN', 'NEXT RUN', 'MESSAGE']);
    assert.deepEqual(wideRow?.slice(6), [
      'config-validate',
      '120m',
      '2099-11-25T03:00:00.000Z',
      'Waits for its next run.',
    ]);
  });

  for (const field of ['', '.spec', '.spec.params', '.spec.params.files', '.spec.async.schedule', '.status']) {
    it(`reads well in kubectl explain nodetask${field}`, async (context: TestContext) => {
      const { code, stdout, stderr } = await cluster.kubectl(['explain', `nodetask${field}`]);
      assert.equal(code, 0, stderr);
      const file = new URL(`snapshots/explain-nodetask${field}.txt`, import.meta.url).pathname;
      context.assert.fileSnapshot(stdout.replaceAll(/[ \t]+$/gm, ''), file, { serializers: [String] });
    });
  }
});
