import assert from 'node:assert/strict';
import type { NodeTask } from '@nodetask/shared';
import type { Cluster } from '@nodetask/testbed';
import { taskID } from '../../src/controller/task-id.ts';

const hour = 3_600_000;

/** How long ago the schedule is said to have run last. */
const away = 4 * hour;

/** A time of every hour that is half an hour away, before and after. */
export const halfAnHourAway = (): string => `${(new Date().getUTCMinutes() + 30) % 60} * * * *`;

/**
 * Has the agent of a pod take a schedule as one that last ran four hours ago, as after a long time without it: it fires at once. The
 * operator is stopped for that, and started again.
 */
export const applyOverdueSchedule = async (
  cluster: Cluster,
  { name, pod, spec }: { readonly name: string; readonly pod: string; readonly spec: NodeTask['spec'] },
): Promise<void> => {
  await cluster.operator.stop();
  try {
    const { uid = '' } = (await cluster.applyNodeTask(name, { ...spec })).metadata;
    const id = taskID({ nodeTaskUID: uid, runID: undefined, pod, attempt: 1 });
    const ref = { namespace: cluster.namespace, name, uid, maxResultBytes: 16 * 1024 };
    const lastRunAt = new Date(Date.now() - away).toISOString();
    const { target: _, ...request } = spec;
    const body = { ...request, id, ref, resume: { lastRun: 1, lastRunAt } };
    const { status } = await cluster.agent(pod).request('POST', '/v0/tasks', { body });
    assert.equal(status, 201);
  } finally {
    await cluster.operator.start();
  }
};
