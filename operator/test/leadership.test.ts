import assert from 'node:assert/strict';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { type Cluster, type Exit, type OperatorProcess, startCluster, waitFor } from '@nodetask/testbed';
import { reasonOf, until, untilFinished } from './support/test-cluster.ts';

/** Operators as processes: who leads, who takes over, who ends. The tests build on each other. */
let cluster: Cluster;
let standby: OperatorProcess;

before(async () => {
  cluster = await startCluster();
  await cluster.createAgentPod('sei-0');
});

after(async () => {
  await cluster.stop();
});

const roleOf = async (operator: OperatorProcess): Promise<string> => {
  const response = await fetch(`${operator.healthUrl}/readyz`, { signal: AbortSignal.timeout(2_000) });
  return (await response.text()).trim();
};

const untilRole = async (operator: OperatorProcess, role: string, timeoutMs = 10_000): Promise<void> => {
  await waitFor(async () => (await roleOf(operator)) === role, { what: `an operator to be ${role}`, timeoutMs });
};

/** The end of an operator that still runs. */
const exitOf = async (operator: OperatorProcess): Promise<Exit> => {
  const { exited } = operator.process;
  await waitFor(() => !operator.process.running, { what: 'an operator to end', timeoutMs: 20_000 });
  return exited;
};

const runs = async (name: string): Promise<void> => {
  await cluster.applyNodeTask(name, { type: 'mark-ready', target: { podName: 'sei-0' } });
  assert.equal((await untilFinished(cluster, name)).status?.phase, 'Succeeded');
};

interface Lease {
  readonly spec: { readonly holderIdentity?: string; readonly leaseTransitions?: number };
}
const leasePath = '/apis/coordination.k8s.io/v1/namespaces/nodetask-system/leases/nodetask-operator';

test('one leads, the other is ready and waits', async () => {
  standby = await cluster.startOperator();
  await untilRole(cluster.operator, 'leader');
  assert.equal(await roleOf(standby), 'standby');
  await runs('first');
});

test('a leader that is asked to stop gives the Lease back, ends with 0, and the other leads at once', async () => {
  const exit = await cluster.operator.stop();
  assert.deepEqual(exit, { code: 0, signal: null });
  await untilRole(standby, 'leader', 5_000);
  await runs('second');
});

test('an operator without leader election takes over, and the leader before it ends with an error', async () => {
  const earlier = await cluster.admin.get<Lease>(leasePath);
  const ending = exitOf(standby);
  const alone = await cluster.startOperator({ leaderElect: false });
  await untilRole(alone, 'leader');
  const exit = await ending;
  assert.equal(exit.code, 1);
  const log = await readFile(standby.logFile, 'utf8');
  assert.match(log, /the operator ends, to start anew/);
  assert.match(log, /leadership lost: the Lease is held by \\?"nodetask-operator-3_/);
  assert.doesNotMatch(log, /^\s+at |"stack"|\\n\s+at /mu, 'no stack trace');
  const taken = await cluster.admin.get<Lease>(leasePath);
  assert.ok((taken?.spec.leaseTransitions ?? 0) > (earlier?.spec.leaseTransitions ?? 0));
  await runs('third');

  assert.deepEqual(await alone.stop(), { code: 0, signal: null });
});

test('a schedule whose agent lost its journal is dispatched again under the same id', async () => {
  await using operator = await cluster.startOperator();
  await untilRole(operator, 'leader');
  const async = { schedule: { cron: '0 3 * * *' } };
  await cluster.applyNodeTask('nightly', { type: 'config-validate', target: { podName: 'sei-0' }, async });
  const first = await until(cluster, 'nightly', 'to be scheduled', ({ status }) => status?.nextRunAt !== undefined);
  const id = first.status?.targets?.[0]?.taskID ?? '';

  const { home } = cluster.agent('sei-0');
  await cluster.deletePod('sei-0');
  await until(cluster, 'nightly', 'to miss its pod', (nodeTask) => reasonOf(nodeTask, 'Reconciling') === 'NoTarget');
  await rm(join(home, '.nodetask'), { recursive: true });
  const agent = await cluster.createAgentPod('sei-0');
  await until(cluster, 'nightly', 'to be scheduled again', (nodeTask) => reasonOf(nodeTask, 'Ready') === 'Scheduled');
  assert.equal((await agent.request('GET', `/v0/tasks/${id}`)).status, 200);
});

test('an agent that starts again without its journal, in the same pod, gets its schedule again at once', async () => {
  await using operator = await cluster.startOperator();
  await untilRole(operator, 'leader');
  const async = { schedule: { cron: '0 3 * * *' } };
  await cluster.applyNodeTask('wiped', { type: 'config-validate', target: { podName: 'sei-0' }, async });
  const first = await until(cluster, 'wiped', 'to be scheduled', ({ status }) => status?.nextRunAt !== undefined);
  const agent = cluster.agent('sei-0');
  await agent.stop();
  await rm(join(agent.home, '.nodetask'), { recursive: true });
  await agent.start();
  const path = `/v0/tasks/${first.status?.targets?.[0]?.taskID ?? ''}`;
  await waitFor(async () => (await agent.request('GET', path)).status === 200, {
    what: 'the schedule on the agent',
    timeoutMs: 10_000,
  });
});
