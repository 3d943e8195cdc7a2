import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import {
  type AgentProcess,
  type Cluster,
  findDebianProgram,
  runCommand,
  startCluster,
  waitFor,
} from '@nodetask/testbed';
import { applyOverdueSchedule, halfAnHourAway } from './support/overdue-schedule.ts';
import { MetricsPage } from './support/metrics-page.ts';
import { until, untilFinished } from './support/test-cluster.ts';

/** What /metrics of a real operator and of a real agent say, after real work. */
let cluster: Cluster;
let agent: AgentProcess;
const pod = 'sei-0';

before(async () => {
  cluster = await startCluster({ operator: { leaderElect: false } });
  agent = await cluster.createAgentPod(pod);
});

after(async () => {
  await cluster.stop();
});

const ofOperator = async (): Promise<MetricsPage> => new MetricsPage(await cluster.operator.metrics());

const ofAgent = async (): Promise<MetricsPage> =>
  new MetricsPage(String((await agent.request('GET', '/v0/metrics')).body));

/** Waits until the operator says so: what it measures of an end follows the write that others see. */
const untilOperator = async (what: string, holds: (page: MetricsPage) => boolean): Promise<MetricsPage> => {
  let page = await ofOperator();
  await waitFor(async () => holds((page = await ofOperator())), { what, timeoutMs: 20_000, detail: () => page.text });
  return page;
};

describe('metrics', () => {
  test('tell of a one-shot from apply to end', async () => {
    await cluster.applyNodeTask('ready', { type: 'mark-ready', target: { podName: pod } });
    await untilFinished(cluster, 'ready');
    const page = await untilOperator(
      'the end to be counted',
      (one) => (one.value('nodetask_operator_finished_total', { type: 'mark-ready', phase: 'Succeeded' }) ?? 0) > 0,
    );
    assert.equal(page.value('nodetask_operator_nodetasks', { phase: 'Succeeded' }), 1);
    assert.equal(page.value('nodetask_operator_nodetasks', { phase: 'New' }), 0);
    assert.equal(page.value('nodetask_operator_dispatch_duration_seconds_count'), 1);
    assert.equal(page.value('nodetask_operator_finish_duration_seconds_count', { type: 'mark-ready' }), 1);
    const dispatch = page.value('nodetask_operator_dispatch_duration_seconds_sum') ?? 0;
    const finish = page.value('nodetask_operator_finish_duration_seconds_sum', { type: 'mark-ready' }) ?? 0;
    assert.ok(dispatch > 0 && dispatch < finish && finish < 20, `${String(dispatch)} and ${String(finish)} s`);
    assert.equal(page.value('leader_election_master_status'), 1);
    for (const reason of ['unseen', 'stalled', 'overdue', 'deleting'])
      assert.equal(page.value('nodetask_operator_nodetasks_stuck', { reason }), 0);

    const agentPage = await ofAgent();
    assert.equal(agentPage.value('nodetask_agent_tasks_submitted_total', { type: 'mark-ready' }), 1);
    assert.equal(agentPage.value('nodetask_agent_report_queue_depth'), 0);
  });

  test('tell of a schedule: when it succeeded, when it runs next, what it missed', async () => {
    const began = Date.now() / 1000;
    const spec = {
      type: 'mark-ready',
      target: { podName: pod },
      async: { schedule: { cron: halfAnHourAway() } },
    } as const;
    await applyOverdueSchedule(cluster, { name: 'nightly', pod, spec });
    const labels = { namespace: cluster.namespace, name: 'nightly' };
    const done = await until(cluster, 'nightly', 'to have run', ({ status }) =>
      (status?.conditions ?? []).some(({ type, status: is }) => type === 'LastRunSucceeded' && is === 'True'),
    );
    const page = await ofOperator();
    const success = page.value('nodetask_operator_schedule_last_success_timestamp_seconds', labels) ?? 0;
    assert.ok(success >= began && success <= Date.now() / 1000, String(success));
    const next = page.value('nodetask_operator_schedule_next_run_timestamp_seconds', labels);
    assert.equal(next, Date.parse(done.status?.nextRunAt ?? '') / 1000);
    assert.equal(page.value('nodetask_operator_schedule_missed_runs_total', labels), 3);
    assert.equal(page.value('nodetask_operator_schedule_failed_runs', labels), 0);
    const interval = page.value('nodetask_operator_schedule_interval_seconds', labels) ?? 0;
    assert.ok(interval > 0 && interval <= 3600, String(interval));
  });

  test('tell of an agent that does not answer, and of a NodeTask that cannot go on', async () => {
    const lost = await cluster.createAgentPod('lost');
    lost.process.pause();
    await cluster.applyNodeTask('waiting', { type: 'mark-ready', target: { podName: 'lost' } });
    await untilOperator(
      'an unreachable agent',
      (page) => page.value('nodetask_operator_agents_unreachable', { namespace: cluster.namespace }) === 1,
    );
    lost.process.resume();
    await untilFinished(cluster, 'waiting');
    await untilOperator(
      'no unreachable agent',
      (page) => page.value('nodetask_operator_agents_unreachable', { namespace: cluster.namespace }) === undefined,
    );
    await cluster.applyNodeTask('nowhere', {
      type: 'mark-ready',
      target: { podName: 'absent', waitSeconds: 1 },
      async: { schedule: { cron: '0 3 * * *' } },
    });
    await untilOperator(
      'a stalled NodeTask',
      (page) => page.value('nodetask_operator_nodetasks_stuck', { reason: 'stalled' }) === 1,
    );
  });

  test('are to the liking of promtool', async () => {
    const promtool = await findDebianProgram('promtool');
    for (const page of [await ofOperator(), await ofAgent()]) {
      const { code, stdout, stderr } = await runCommand(promtool, ['check', 'metrics'], { input: page.text });
      assert.deepEqual({ code, said: stdout + stderr }, { code: 0, said: '' });
    }
  });
});
