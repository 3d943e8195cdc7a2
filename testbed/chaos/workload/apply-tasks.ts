// Applies the tasks of a run, spread over its faults, and changes some of them later: cancels, resumes, deletes.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Cluster } from '../../src/cluster.ts';
import type { Applied } from '../judgement/status-faults.ts';
import { persistently } from '../persistently.ts';
import type { ChaosTask } from './chaos-task.ts';
import type { TaskSource } from './task-source.ts';

export interface ApplyOptions {
  readonly cluster: Cluster;
  readonly source: TaskSource;
  readonly count: number;
  /** Resolves when the task of this number may be applied. */
  readonly untilTurn: (number: number) => Promise<void>;
}

/** Resolves when all are applied and changed. */
export const applyTasks = async ({ cluster, source, count, untilTurn }: ApplyOptions): Promise<readonly Applied[]> => {
  const applied: Applied[] = [];
  const changes: Promise<void>[] = [];
  for (let number = 0; number < count; number += 1) {
    await untilTurn(number);
    const task = await source.next();
    const { metadata } = await persistently(async () => cluster.applyNodeTask(task.name, task.spec));
    applied.push({ task, uid: String(metadata.uid) });
    const change = changeLater(cluster, task);
    // Awaited below.
    change.catch(() => undefined);
    changes.push(change);
  }
  await Promise.all(changes);
  return applied;
};

const changeLater = async (cluster: Cluster, { name, spec, change }: ChaosTask): Promise<void> => {
  if (change === undefined) return;
  await sleep(change.afterMs);
  const path = `/apis/nodetask.dev/v1alpha1/namespaces/${cluster.namespace}/nodetasks/${name}`;
  switch (change.kind) {
    case 'cancel':
      await persistently(async () => cluster.applyNodeTask(name, { ...spec, cancel: true }));
      return;
    case 'resume':
      await persistently(async () => cluster.applyNodeTask(name, { ...spec, suspend: false }));
      return;
    case 'delete':
      await persistently(async () => cluster.admin.delete(path));
      return;
    default:
      change.kind satisfies never;
  }
};
