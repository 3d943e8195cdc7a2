import assert from 'node:assert/strict';
import { copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { NodeTask } from '@nodetask/shared';
import {
  startChain,
  startCluster,
  type AgentProcess,
  type Chain,
  type Cluster,
  type KubeObject,
} from '@nodetask/testbed';

type Seen = NodeTask & KubeObject;

const outageMs = 60_000;
const pods = ['outage-0', 'outage-1'] as const;
const tasks = 30;

let chain: Chain;
let cluster: Cluster;

before(async () => {
  chain = await startChain();
  cluster = await startCluster({ namespace: 'outage' });
  for (const pod of pods) {
    const agent = await cluster.createAgentPod(pod, { nodeRPC: chain.validator.rpcUrl });
    await copyFile(chain.validator.configFile, join(agent.home, 'config', 'config.toml'));
    // Without one the node does not start, and config-validate says so.
    await copyFile(chain.validator.genesisFile, join(agent.home, 'config', 'genesis.json'));
  }
});

after(async () => {
  await cluster.stop();
  await chain.stop();
});

const isTrue = (task: Seen | undefined, type: string): boolean =>
  task?.status?.conditions?.some((condition) => condition.type === type && condition.status === 'True') ?? false;

/** Ids of the results that an agent holds, with their status. */
const held = async (agent: AgentProcess): Promise<ReadonlyMap<string, string>> => {
  const { body } = await agent.request('GET', '/v0/tasks?limit=100');
  assert.ok(Array.isArray(body));
  return new Map(body.map((result: { id: string; status: string }) => [result.id, result.status]));
};

test(
  'an API server that is down for 60 s in the middle of tasks loses nothing: results arrive after',
  { timeout: 240_000 },
  async (t) => {
    await cluster.applyNodeTask('before-and-after', {
      type: 'config-validate',
      target: { podName: pods[0] },
      async: { schedule: { cron: '* * * * *' } },
    });
    await cluster.untilNodeTask<Seen>('before-and-after', (task) => task?.status?.phase === 'Scheduled', {
      what: 'the schedule to wait for its first run',
    });
    for (let number = 0; number < tasks; number += 1) {
      await cluster.applyNodeTask(`patch-${String(number)}`, {
        type: 'config-patch',
        target: { podName: pods[number % pods.length] },
        params: { files: { 'config.toml': { outage: { [`task_${String(number)}`]: number } } } },
      });
    }
    // Some are reported, some run, some are not dispatched yet.
    await cluster.controlPlane.apiServer.kill();
    const down = performance.now();
    const atOnce = await Promise.all(pods.map(async (pod) => held(cluster.agent(pod))));
    t.diagnostic(
      `when the API server went down, the agents held ${atOnce.map(({ size }) => size).join(' and ')} tasks`,
    );

    await sleep(outageMs);
    const agents = await Promise.all(pods.map(async (pod) => held(cluster.agent(pod))));
    for (const results of agents) {
      const running = [...results.values()].filter((status) => status === 'running');
      assert.ok(running.length <= 1, 'but for the schedule, what was dispatched ended without the API server');
    }
    // Without a Lease it may not act, so it ends, as client-go's leader election does; a kubelet starts it again.
    assert.equal(cluster.operator.process.running, false);
    await cluster.controlPlane.apiServer.start();
    await cluster.operator.start();
    t.diagnostic(`down for ${((performance.now() - down) / 1000).toFixed(1)} s`);

    for (let number = 0; number < tasks; number += 1) {
      const task = await cluster.untilNodeTask<Seen>(`patch-${String(number)}`, (seen) => isTrue(seen, 'Finished'), {
        what: `patch-${String(number)} to be finished after the outage`,
        timeoutMs: 90_000,
      });
      assert.equal(task?.status?.phase, 'Succeeded');
      const [row] = task.status.targets ?? [];
      assert.equal(row?.result?.outcome, 'changed', 'it ran once');
      assert.equal(row.result.id, row.taskID);
    }
    const schedule = await cluster.untilNodeTask<Seen>('before-and-after', (seen) => isTrue(seen, 'LastRunSucceeded'), {
      what: 'the run that fell into the outage to be reported',
      timeoutMs: 30_000,
    });
    assert.ok((schedule?.status?.targets?.[0]?.runs?.length ?? 0) >= 1);
  },
);
