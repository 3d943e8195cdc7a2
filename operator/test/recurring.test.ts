import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { NodeTask, TaskResult } from '@nodetask/shared';
import { type Cluster, startCluster, waitFor } from '@nodetask/testbed';
import { PrunedRPC } from './support/pruned-rpc.ts';
import { applyOverdueSchedule, halfAnHourAway } from './support/overdue-schedule.ts';
import { withShiftedClock } from './support/with-shifted-clock.ts';
import { eventsOf, pathOf, reasonOf, until, untilFinished } from './support/test-cluster.ts';

/** Schedules and daemons on real agents: what they miss, how they change in place, how they are started again. */
let cluster: Cluster;
let rpc: PrunedRPC;
const pod = 'sei-0';

before(async () => {
  cluster = await startCluster();
  await cluster.createAgentPod(pod, { allowHosts: ['127.0.0.1'] });
  rpc = await PrunedRPC.start();
});

after(async () => {
  await cluster.stop();
  await rpc[Symbol.asyncDispose]();
});

const scheduled = (schedule: object): Pick<NodeTask, 'spec'>['spec'] => ({
  type: 'mark-ready',
  target: { podName: pod },
  async: { schedule: { cron: halfAnHourAway(), ...schedule } },
});

const missedEvent = async (name: string): Promise<string> => {
  const found = async (): Promise<string | undefined> =>
    (await eventsOf(cluster, name)).find(({ reason }) => reason === 'ScheduleMissed')?.note;
  await waitFor(async () => (await found()) !== undefined, { what: `ScheduleMissed of ${name}`, timeoutMs: 30_000 });
  return (await found()) ?? '';
};

const lastRun = ({ status }: NodeTask): readonly (string | undefined)[] => {
  const condition = status?.conditions?.find(({ type }) => type === 'LastRunSucceeded');
  return [condition?.status, condition?.reason];
};

describe('a schedule whose agent was away for hours', () => {
  test('makes up for it with one run, counts what it missed, and tells of it', async () => {
    await applyOverdueSchedule(cluster, { name: 'made-up', pod, spec: scheduled({}) });
    const done = await until(cluster, 'made-up', 'to have run', ({ status }) => status?.missedRuns !== undefined);
    assert.equal(done.status?.missedRuns, 3);
    const ran = await until(cluster, 'made-up', 'to have ended', (nodeTask) => lastRun(nodeTask)[0] !== undefined);
    assert.deepEqual(lastRun(ran), ['True', 'RunSucceeded']);
    assert.equal(ran.status?.targets?.[0]?.runs?.length, 1);
    assert.match(await missedEvent('made-up'), /^3 runs did not start in time, and became one with the run after/);
  });

  test('misses that one too where its starting deadline is over, and is ready for the next', async () => {
    await applyOverdueSchedule(cluster, { name: 'too-late', pod, spec: scheduled({ startingDeadlineSeconds: 60 }) });
    const late = await until(cluster, 'too-late', 'to have missed', ({ status }) => status?.missedRuns !== undefined);
    assert.equal(late.status?.missedRuns, 4);
    assert.deepEqual(lastRun(late), ['False', 'RunMissed']);
    assert.equal(reasonOf(late, 'Ready'), 'RunMissed');
    assert.match(
      late.status?.conditions?.[0]?.message ?? '',
      /^last run, due [-\d]+ [:\d]+, did not start in time on sei-0; next .* UTC; 4 runs missed so far$/,
    );
    assert.match(
      await missedEvent('too-late'),
      /^Run 2 on sei-0, due [-\d]+ [:\d]+ UTC, did not start in time\. Raise startingDeadlineSeconds/,
    );
  });
});

test('cron, time zone and starting deadline change in place, and the task on the agent stays the same', async () => {
  await cluster.applyNodeTask('moving', scheduled({ cron: '0 3 * * *', startingDeadlineSeconds: 60 }));
  const first = await until(cluster, 'moving', 'to have a next run', ({ status }) => status?.nextRunAt !== undefined);
  const id = first.status?.targets?.[0]?.taskID ?? '';
  const read = async (): Promise<TaskResult> =>
    (await cluster.agent(pod).request('GET', `/v0/tasks/${id}`)).body as TaskResult;

  // A zone without summer time, nine hours before UTC.
  const zoned = { cron: '0 3 * * *', timeZone: 'Asia/Tokyo', startingDeadlineSeconds: 90 };
  await cluster.applyNodeTask('moving', scheduled(zoned));
  await until(cluster, 'moving', 'to move', ({ status }) => new Date(status?.nextRunAt ?? 0).getUTCHours() === 18);
  assert.deepEqual((await read()).async, { schedule: zoned });

  await cluster.applyNodeTask('moving', scheduled({ cron: '30 4 * * *' }));
  const moved = await until(
    cluster,
    'moving',
    'to move',
    ({ status }) => new Date(status?.nextRunAt ?? 0).getUTCHours() === 4,
  );
  assert.equal(moved.status?.targets?.[0]?.taskID, id);
  assert.equal((await read()).async?.schedule?.startingDeadlineSeconds, undefined);

  // The operator hands the task over again when it starts: the agent has it, with another cron.
  await cluster.operator.stop();
  await cluster.applyNodeTask('moving', scheduled({ cron: '30 5 * * *' }));
  await cluster.operator.start();
  const found = await until(
    cluster,
    'moving',
    'to move',
    ({ status }) => new Date(status?.nextRunAt ?? 0).getUTCHours() === 5,
  );
  assert.equal(found.status?.targets?.[0]?.taskID, id);
  assert.equal(reasonOf(found, 'Ready'), 'Scheduled');
});

const newestRun = (nodeTask?: NodeTask): number => nodeTask?.status?.targets?.[0]?.runs?.[0]?.run ?? 0;

test('the last ten runs stand on status, the newest first', async () => {
  const agent = await cluster.createAgentPod('sei-often', { env: withShiftedClock(0, 60_000) });
  const spec = { ...scheduled({ cron: '* * * * *' }), target: { podName: 'sei-often' } };
  await cluster.applyNodeTask('often', spec);
  await until(cluster, 'often', 'to be scheduled', ({ status }) => status?.nextRunAt !== undefined);
  for (let run = 1; run <= 12; run++) {
    // For the agent a minute has passed. It looks at the wall clock twice a minute, and whenever a task has ended.
    agent.process.signal('SIGUSR2');
    await waitFor(
      async () => {
        await agent.request('POST', '/v0/tasks', { body: { type: 'mark-ready' } });
        return newestRun(await cluster.admin.get<NodeTask>(pathOf(cluster, 'often'))) >= run;
      },
      { what: `run ${String(run)} on status`, timeoutMs: 60_000 },
    );
  }
  const seen = await until(cluster, 'often', 'to have ended its runs', ({ status }) =>
    (status?.targets?.[0]?.runs ?? []).every(({ status: how }) => how === 'completed'),
  );
  const runs = seen.status?.targets?.[0]?.runs ?? [];
  assert.deepEqual(
    runs.map(({ run }) => run),
    Array.from({ length: 10 }, (_, index) => newestRun(seen) - index),
  );
  assert.deepEqual(lastRun(seen), ['True', 'RunSucceeded']);
});

/** It ends at once, with an error that waiting does not mend. */
const daemon = (restartPolicy: string): NodeTask['spec'] =>
  ({
    type: 'result-export',
    target: { podName: pod },
    params: rpc.params,
    async: { daemon: { restartPolicy } },
  }) as NodeTask['spec'];

describe('a daemon', () => {
  test('that ends is started again after a pause, with the count of its restarts', async () => {
    await cluster.applyNodeTask('restless', daemon('OnFailure'));
    const again = await until(cluster, 'restless', 'to be restarted twice', ({ status }) =>
      /\(restart [2-9]\): the next block to export is /.test(status?.conditions?.[0]?.message ?? ''),
    );
    assert.equal(reasonOf(again, 'Reconciling'), 'DaemonRestarting');
    assert.equal(again.status?.phase, 'Pending');
    await waitFor(
      async () =>
        (await eventsOf(cluster, 'restless')).some(({ reason, note }) => reason === 'Retrying' && /restart/.test(note)),
      { what: 'the event', timeoutMs: 30_000 },
    );
  });

  test('that is not to be started again has failed', async () => {
    await cluster.applyNodeTask('over', daemon('Never'));
    const done = await untilFinished(cluster, 'over');
    assert.equal(reasonOf(done, 'Failed'), 'DaemonExited');
    assert.equal(reasonOf(done, 'Stalled'), 'DaemonExited');
  });
});
