import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type Cluster, startCluster } from '@nodetask/testbed';
import { SilentSource } from './support/silent-source.ts';
import { reasonOf, until, untilFinished } from './support/test-cluster.ts';

/** What people read: the columns of the real kubectl, for NodeTasks in several states. */
let cluster: Cluster;
let source: SilentSource;

before(async () => {
  cluster = await startCluster();
  source = await SilentSource.start();
  for (const name of ['sei-0', 'sei-1']) {
    await cluster.createAgentPod(name, { labels: { app: 'sei' }, allowHosts: ['127.0.0.1'] });
  }
});

after(async () => {
  await source[Symbol.asyncDispose]();
  await cluster.stop();
});

/** Lines of `kubectl get nt`. */
const linesOf = async (...args: readonly string[]): Promise<readonly string[]> => {
  const command = ['get', 'nt', '-n', cluster.namespace, ...args];
  const { code, stdout, stderr } = await cluster.controlPlane.kubectl(command);
  assert.equal(code, 0, stderr);
  return stdout.trimEnd().split('\n');
};

/** Its cells, by name; columns are two blanks apart at least. */
const get = async (...args: readonly string[]): Promise<ReadonlyMap<string, readonly string[]>> => {
  const rows = await linesOf(...args);
  return new Map(rows.map((line) => line.split(/ {2,}/)).map(([name = '', ...cells]) => [name, cells]));
};

test('kubectl get tells what a NodeTask does, where, and what it waits for', async () => {
  const fleet = { selector: { matchLabels: { app: 'sei' } } };
  await cluster.applyNodeTask('done', { type: 'mark-ready', target: fleet });
  await untilFinished(cluster, 'done');
  const failing = { type: 'config-validate', target: fleet, strategy: { onFailure: 'Pause' } };
  await cluster.applyNodeTask('paused', failing);
  await until(cluster, 'paused', 'to pause', ({ status }) => status?.phase === 'Suspended');
  await cluster.applyNodeTask('nightly', {
    type: 'mark-ready',
    target: fleet,
    async: { schedule: { cron: '0 3 * * *' } },
  });
  await until(
    cluster,
    'nightly',
    'to be scheduled twice',
    (nodeTask) => reasonOf(nodeTask, 'Ready') === 'Scheduled' && nodeTask.status?.summary === '2/2',
  );
  const target = { podName: 'sei-1' };
  await cluster.applyNodeTask('busy', { type: 'configure-genesis', target, params: { rpc: source.url } });
  await until(cluster, 'busy', 'to run', ({ status }) => status?.phase === 'Running');
  await cluster.applyNodeTask('next', { type: 'mark-ready', target });
  await until(cluster, 'next', 'to queue', ({ status }) => status?.phase === 'Queued');

  const widestName = 'sixteen-letters0';
  await cluster.applyNodeTask(widestName, { type: 'mark-ready', target: { podName: 'archive-node-12' } });
  await until(cluster, widestName, 'to wait for its pod', ({ status }) => status?.phase === 'Pending');

  const lines = await linesOf();
  const widestAge = '7d23h'.length;
  const age = lines[0]?.indexOf('AGE') ?? 0;
  assert.ok(age + widestAge <= 80, `${age} columns before AGE`);
  assert.deepEqual(
    lines.filter((line) => line.length > 80),
    [],
  );
  const short = await get();
  assert.deepEqual(short.get('NAME'), ['TARGET', 'PHASE', 'PROGRESS', 'REASON', 'AGE']);
  const cells = Object.fromEntries([...short].slice(1).map(([name, row]) => [name, row.slice(0, 4).join(' ')]));
  assert.deepEqual(cells, {
    busy: 'sei-1 Running 0/1 Running',
    done: 'app=sei Succeeded 2/2 Succeeded',
    next: 'sei-1 Queued 0/1 AgentBusy',
    nightly: 'app=sei Scheduled 2/2 Scheduled',
    paused: 'app=sei Suspended 0/2 FailureThreshold',
    [widestName]: 'archive…-12 Pending 0/1 NoTarget',
  });

  const failed = await get('--field-selector', 'status.phase=Queued,spec.type=mark-ready');
  assert.deepEqual([...failed.keys()].slice(1), ['next']);

  const wide = await get('-o', 'wide');
  assert.deepEqual(wide.get('NAME')?.slice(5), ['TYPE', 'LAST RUN', 'NEXT RUN', 'MESSAGE']);
  const message = (name: string): string => wide.get(name)?.at(-1) ?? '';
  assert.equal(message('done'), 'succeeded on 2 targets: the node is marked ready and may start');
  assert.equal(message('busy'), 'runs on sei-1');
  assert.equal(message('next'), `the agent of pod sei-1 works on ${cluster.namespace}/busy`);
  assert.match(message('nightly'), /^next \d{4}-\d\d-\d\d 03:00 UTC$/);
  assert.match(
    message('paused'),
    /^paused: 1 of 2 targets failed, .*; to start the 1 to come, raise failureThreshold to 1 or more/,
  );
});
