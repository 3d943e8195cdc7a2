import assert from 'node:assert/strict';
import { cp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { cancelFinalizer, type TaskResult } from '@nodetask/shared';
import { type AgentProcess, type Cluster, startCluster, waitFor } from '@nodetask/testbed';
import { HeldTask, onAgent, taskIDOf } from './support/pod-faults.ts';
import { pathOf, until, untilFinished } from './support/test-cluster.ts';
import { withShiftedClock } from './support/with-shifted-clock.ts';

/** Nothing runs for a NodeTask that is gone: real API server, real operator, real agents that are killed, and volumes that are put back. */
let cluster: Cluster;

before(async () => {
  cluster = await startCluster({ operator: { leaderElect: false }, faultProxies: true });
});

after(async () => {
  await cluster.stop();
});

const together = { concurrency: 3, timeout: 400_000 };

/** An agent whose clock jumps by a minute when it is told to, and a file that a ghost would change. */
const createPod = async (name: string): Promise<AgentProcess> => {
  const agent = await cluster.createAgentPod(name, { allowHosts: ['127.0.0.1'], env: withShiftedClock(0, 60_000) });
  await resetFile(agent);
  return agent;
};

/** As no run of a schedule has left it. */
const untouched = '[x]\na = 1\n';
const resetFile = async (agent: AgentProcess): Promise<void> => writeFile(fileOf(agent), untouched);

const fileOf = ({ home }: AgentProcess): string => join(home, 'config', 'app.toml');

/** A schedule that writes the file each minute. */
const scheduleOf = (name: string, podName: string) => ({
  apiVersion: 'nodetask.dev/v1alpha1',
  kind: 'NodeTask',
  metadata: { name, namespace: cluster.namespace },
  spec: {
    type: 'config-patch',
    target: { podName },
    params: { files: { 'app.toml': { x: { a: 666 } } } },
    async: { schedule: { cron: '* * * * *' } },
  },
});

const applySchedule = async (name: string, pod = name): Promise<string> => {
  await cluster.admin.create(scheduleOf(name, pod));
  const scheduled = await until(cluster, name, 'to be scheduled', ({ status }) => status?.nextRunAt !== undefined);
  // Its agent has a report of a later task taken: by then it has noted that the one of the schedule was.
  await cluster.applyNodeTask(`${name}-noted`, { type: 'mark-ready', target: { podName: pod } });
  await untilFinished(cluster, `${name}-noted`);
  return taskIDOf(scheduled);
};

const isGone = async (name: string, timeoutMs = 60_000): Promise<void> => {
  await cluster.untilNodeTask(name, (object) => object === undefined, { what: `${name} to be gone`, timeoutMs });
};

/** Lets the agent come to its next two firings: a schedule of the test's own, which no NodeTask asked for, has run twice. */
const passFirings = async (agent: AgentProcess): Promise<void> => {
  const body = { type: 'mark-ready', async: { schedule: { cron: '* * * * *' } } };
  const answer = await agent.request('POST', '/v0/tasks', { body });
  assert.equal(answer.status, 201, JSON.stringify(answer.body));
  const { id } = answer.body as TaskResult;
  for (let run = 1; run <= 2; run++) {
    agent.process.signal('SIGUSR2');
    await waitFor(
      async () => {
        // The agent looks at the wall clock when a task has ended.
        await agent.request('POST', '/v0/tasks', { body: { type: 'mark-ready' } });
        const result = await onAgent(agent, id);
        return (result?.run ?? 0) >= run && result?.completedAt !== undefined;
      },
      { what: `run ${String(run)} of the test's own schedule`, timeoutMs: 60_000 },
    );
  }
};

/** The agent knows nothing of the task any more, will never run it, and has not written the file. */
const checkNothingRan = async (agent: AgentProcess, id: string): Promise<void> => {
  assert.equal(await onAgent(agent, id), undefined);
  const again = await agent.request('POST', '/v0/tasks', { body: { id, type: 'mark-ready' } });
  assert.equal(again.status, 410, JSON.stringify(again.body));
  assert.equal(await readFile(fileOf(agent), 'utf8'), untouched);
};

/** Since its start the agent has run nothing but what the test itself asked of it: a run leaves a series, however it ended. */
const checkNoneStarted = async (agent: AgentProcess): Promise<void> => {
  const { body } = await agent.request('GET', '/v0/metrics');
  const types = [...String(body).matchAll(/^nodetask_agent_tasks_running\{type="([^"]+)"\}/gmu)].map(
    ([, type]) => type,
  );
  assert.deepEqual(types, ['mark-ready']);
};

const untilForgotten = async (agent: AgentProcess, id: string): Promise<void> => {
  await waitFor(async () => (await onAgent(agent, id)) === undefined, {
    what: `the agent of ${agent.pod.name} to remove ${id}`,
    timeoutMs: 60_000,
  });
};

describe('a schedule that is deleted', together, () => {
  test('after kubectl replace has taken its finalizer off is stopped on its agent', async () => {
    const agent = await createPod('replaced');
    const id = await applySchedule('replaced');
    const { code, stderr } = await cluster.controlPlane.kubectl(['replace', '-f', '-'], {
      input: JSON.stringify(scheduleOf('replaced', 'replaced')),
    });
    assert.equal(code, 0, stderr);
    // Long before the operator would read the agent of a schedule, which is after five minutes.
    await until(
      cluster,
      'replaced',
      'to be held again',
      ({ metadata }) => metadata.finalizers?.includes(cancelFinalizer) === true,
    );
    await cluster.admin.delete(pathOf(cluster, 'replaced'));
    await isGone('replaced');
    await resetFile(agent);
    await checkNothingRan(agent, id);
    await passFirings(agent);
    await checkNothingRan(agent, id);
  });

  test('while its agent is dead does not fire when that is back', async () => {
    const agent = await createPod('dead');
    const id = await applySchedule('dead');
    await agent.kill();
    await cluster.admin.delete(pathOf(cluster, 'dead'));
    // The operator waits for the agent for 30 s.
    await isGone('dead', 90_000);
    await resetFile(agent);
    await agent.start();
    await untilForgotten(agent, id);
    await passFirings(agent);
    await checkNothingRan(agent, id);
    await checkNoneStarted(agent);
  });

  test('does not come back with a volume that is put back from a copy, nor does a daemon or an interrupted one-shot', async () => {
    const agent = await createPod('restored');
    await using oneShot = await HeldTask.create(cluster, 'restored');
    await using daemon = await HeldTask.daemon(cluster, 'restored-daemon', 'restored');
    const scheduleID = await applySchedule('restored-schedule', 'restored');
    const daemonID = taskIDOf(await daemon.run());
    const oneShotID = taskIDOf(await oneShot.run());
    const copy = `${agent.home}-copy`;
    await agent.kill();
    await cp(agent.home, copy, { recursive: true });
    await agent.start();

    const names = ['restored', 'restored-daemon', 'restored-schedule'];
    for (const name of names) await cluster.admin.delete(pathOf(cluster, name));
    for (const name of names) await isGone(name);
    await agent.kill();
    await rm(agent.home, { recursive: true });
    await cp(copy, agent.home, { recursive: true });
    await resetFile(agent);
    await agent.start();

    for (const id of [scheduleID, daemonID, oneShotID]) await untilForgotten(agent, id);
    await passFirings(agent);
    for (const id of [scheduleID, daemonID, oneShotID]) await checkNothingRan(agent, id);
    await checkNoneStarted(agent);
    await cluster.applyNodeTask('after-restore', { type: 'mark-ready', target: { podName: 'restored' } });
    assert.equal((await untilFinished(cluster, 'after-restore')).status?.phase, 'Succeeded');
  });
});

describe('an agent that cannot ask the API server at its start', together, () => {
  test('goes on after 10 s, and stops what is gone as soon as it hears so', async () => {
    const agent = await createPod('cut-off');
    await using daemon = await HeldTask.daemon(cluster, 'cut-off');
    const id = taskIDOf(await daemon.run());
    await agent.kill();
    daemon.hangUp();
    await cluster.admin.delete(pathOf(cluster, 'cut-off'));
    await isGone('cut-off', 90_000);
    await cluster.agentProxy.setMode({ kind: 'refuse' }, 'all');
    try {
      const started = performance.now();
      await agent.start();
      await daemon.connected();
      assert.ok(performance.now() - started > 9000, 'it has waited for the API server');
    } finally {
      await cluster.agentProxy.setMode({ kind: 'pass' }, 'all');
    }
    await untilForgotten(agent, id);
  });
});
