import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, test } from 'node:test';
import type { NodeTask } from '@nodetask/shared';
import { argoCdActionPatch, argoCdActions, type Cluster, type KubeObject, startCluster } from '@nodetask/testbed';
import { parse } from 'yaml';
import { SilentSource } from './support/silent-source.ts';
import { pathOf, reasonOf, until, untilFinished } from './support/test-cluster.ts';

/** The actions of examples/argocd/argocd-cm.yaml, sent as Argo CD sends them, to a real operator. */
let cluster: Cluster;
let source: SilentSource;
let actions = '';

before(async () => {
  const file = new URL('../../examples/argocd/argocd-cm.yaml', import.meta.url);
  const { data } = parse(await readFile(file, 'utf8')) as { readonly data: Readonly<Record<string, string>> };
  actions = data['resource.customizations.actions.nodetask.dev_NodeTask'] ?? '';
  cluster = await startCluster({ operator: { leaderElect: false } });
  source = await SilentSource.start();
  await cluster.createAgentPod('sei-0', { allowHosts: ['127.0.0.1'] });
});

after(async () => {
  await source[Symbol.asyncDispose]();
  await cluster.stop();
});

const target = { podName: 'sei-0' };

const offered = (nodeTask: NodeTask): readonly string[] => argoCdActions(actions, nodeTask as NodeTask & KubeObject);

const isSuspended = (nodeTask: NodeTask): boolean => reasonOf(nodeTask, 'Suspended') !== undefined;

/** A click on the action. */
const click = async (action: string, nodeTask: NodeTask): Promise<void> => {
  await cluster.admin.request({
    method: 'PATCH',
    path: pathOf(cluster, nodeTask.metadata.name),
    contentType: 'application/merge-patch+json',
    body: argoCdActionPatch(actions, action, nodeTask as NodeTask & KubeObject),
  });
};

test('a task that runs is cancelled, and run again', async () => {
  await cluster.applyNodeTask('endless', { type: 'configure-genesis', target, params: { rpc: source.url } });
  await source.connected();
  const running = await until(cluster, 'endless', 'to run', ({ status }) => status?.phase === 'Running');
  assert.deepEqual(offered(running), ['cancel', 'suspend']);
  await click('cancel', running);
  const cancelled = await untilFinished(cluster, 'endless');
  assert.equal(cancelled.status?.phase, 'Cancelled');
  assert.deepEqual(offered(cancelled), ['run-again']);

  await click('run-again', cancelled);
  await source.connected();
  const again = await until(cluster, 'endless', 'to run again', ({ status }) => status?.phase === 'Running');
  assert.match(again.spec.runID ?? '', /^20\d{6}T\d{6}Z$/);
  assert.equal(again.status?.runID, again.spec.runID);
  await click('cancel', again);
  assert.equal((await untilFinished(cluster, 'endless', again.spec.runID)).status?.phase, 'Cancelled');
});

test('a schedule is suspended and resumed', async () => {
  await cluster.applyNodeTask('nightly', {
    type: 'config-validate',
    target,
    async: { schedule: { cron: '0 3 * * *' } },
  });
  const scheduled = await until(cluster, 'nightly', 'to be scheduled', ({ status }) => status?.phase === 'Scheduled');
  assert.deepEqual(offered(scheduled), ['cancel', 'suspend']);
  await click('suspend', scheduled);
  const suspended = await until(cluster, 'nightly', 'to be suspended', isSuspended);
  assert.deepEqual(offered(suspended), ['cancel', 'resume']);
  await click('resume', suspended);
  await until(cluster, 'nightly', 'to be scheduled again', (nodeTask) => !isSuspended(nodeTask));
});
