import { percentile } from '../percentiles.ts';
import { cpuMs } from '../process-usage.ts';
import { FinishWatch } from './finish-watch.ts';
import { forAll } from './for-all.ts';
import type { RunningOperator } from './operators.ts';
import type { ScaleCluster } from './scale-cluster.ts';

const finishBudgetMs = 120_000;

/** What a load of one-shots came to. Times in milliseconds. */
export interface Measured {
  readonly tasks: number;
  readonly perSecond: number;
  /** From the answer to apply until Finished was seen; sorted. */
  readonly latencies: readonly number[];
  /** Of the operator's process. */
  readonly cpuMsPerTask: number;
}

export interface Load {
  readonly prefix: string;
  readonly tasks: number;
  /** Applies on their way at once; 1: each task is finished before the next one is applied. */
  readonly atOnce: number;
}

let series = 0;

/** Applies one-shots in turn to all agents, and waits until all have finished. */
export const measureLoad = async (
  cluster: ScaleCluster,
  operator: RunningOperator,
  { prefix, tasks, atOnce }: Load,
): Promise<Measured> => {
  const { admin, namespace, targets } = cluster;
  const watch = await FinishWatch.start(admin, namespace);
  series += 1;
  const run = `${prefix}-${String(series)}`;
  const path = `/apis/nodetask.dev/v1alpha1/namespaces/${namespace}/nodetasks`;
  const latencies: number[] = [];
  const finishing: Promise<void>[] = [];
  let last = 0;
  const usedBefore = cpuMs(operator.pid);
  const started = performance.now();
  try {
    await forAll(Array(tasks).keys(), atOnce, async (number) => {
      const name = `${run}-${String(number)}`;
      const finished = watch.finished(name);
      await admin.request({
        method: 'PATCH',
        path: `${path}/${name}?fieldManager=bench&force=true`,
        contentType: 'application/apply-patch+yaml',
        body: {
          apiVersion: 'nodetask.dev/v1alpha1',
          kind: 'NodeTask',
          metadata: { name, namespace },
          spec: { type: 'mark-ready', target: { podName: targets[number % targets.length] } },
        },
      });
      const applied = performance.now();
      const finish = finished.then((at) => {
        latencies.push(Math.max(0, at - applied));
        last = Math.max(last, at);
        return undefined;
      });
      finishing.push(finish);
      if (atOnce === 1) await withBudget(finish, name);
    });
    await withBudget(Promise.all(finishing), `all of ${run}`);
  } finally {
    await watch.stop();
  }
  return {
    tasks,
    perSecond: tasks / ((last - started) / 1000),
    latencies: latencies.toSorted((a, b) => a - b),
    cpuMsPerTask: (cpuMs(operator.pid) - usedBefore) / tasks,
  };
};

const withBudget = async (work: Promise<unknown>, what: string): Promise<void> => {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    late.reject(new Error(`not finished within ${String(finishBudgetMs)} ms: ${what}`));
  }, finishBudgetMs);
  try {
    await Promise.race([work, late.promise]);
  } finally {
    clearTimeout(timer);
  }
};

/** Several loads as one. */
export const together = (parts: readonly Measured[]): Measured => {
  const tasks = parts.reduce((sum, part) => sum + part.tasks, 0);
  const seconds = parts.reduce((sum, part) => sum + part.tasks / part.perSecond, 0);
  const used = parts.reduce((sum, part) => sum + part.cpuMsPerTask * part.tasks, 0);
  return {
    tasks,
    perSecond: tasks / seconds,
    latencies: parts.flatMap(({ latencies }) => latencies).toSorted((a, b) => a - b),
    cpuMsPerTask: used / tasks,
  };
};

/** As cells of a table. */
export const cells = ({ tasks, perSecond, latencies, cpuMsPerTask }: Measured): readonly string[] => [
  String(tasks),
  perSecond.toFixed(1),
  ...[0.5, 0.9, 0.99, 1].map((share) => percentile(latencies, share).toFixed(0)),
  cpuMsPerTask.toFixed(2),
];

export const heads = ['tasks', 'tasks/s', 'p50 ms', 'p90 ms', 'p99 ms', 'max ms', 'operator CPU ms/task'] as const;
