// Applies a manifest with kubectl as a user would, and waits for what must come of it.
import { readFile } from 'node:fs/promises';
import type { NodeTask } from '@nodetask/shared';
import { parse } from 'yaml';
import * as z from 'zod';
import type { Cluster } from '../src/cluster.ts';
import type { KubeObject } from '../src/kube/kube-client.ts';
import { waitForObject } from '../src/kube/wait-for-object.ts';
import type { WaitForObjectOptions } from '../src/kube/wait-for-object.ts';
import { projectPath } from '../src/paths.ts';
import { is } from './outcome.ts';
import type { Outcome } from './outcome.ts';
import { hasCondition } from './step.ts';
import type { Step } from './step.ts';
import { print, secondsSince } from './terminal.ts';

/** What stands in an example → what the demo puts in its place, as `sed` would. */
export type Substitutions = readonly (readonly [string, string])[];

export interface Applied {
  readonly step: Step;
  /** Of the NodeTask. */
  readonly name: string;
  /** When kubectl had answered, by performance.now(). */
  readonly at: number;
}

const Named = z.object({ metadata: z.object({ name: z.string() }) });

/** Applies the step's example and prints what a user would have typed, with what was put in place of its names and addresses. */
export const applyStep = async (
  cluster: Cluster,
  step: Step,
  substitutions: Substitutions,
  tell: (line: string) => void = print,
): Promise<Applied> => {
  const path = `examples/${step.example}.yaml`;
  let manifest = await readFile(projectPath(path), 'utf8');
  tell(`\n$ kubectl apply -f ${path}     # ${step.shows}`);
  for (const [from, to] of substitutions) {
    if (!manifest.includes(from)) continue;
    tell(`    with ${from}  →  ${to}`);
    manifest = manifest.replaceAll(from, to);
  }
  const applied = await cluster.controlPlane.kubectl(['apply', '-f', '-'], { input: manifest });
  const said = (applied.stdout + applied.stderr).trimEnd();
  tell(said);
  if (applied.code !== 0) throw new Error(`kubectl apply of ${path} failed: ${said}`);
  return { step, name: Named.parse(parse(manifest)).metadata.name, at: performance.now() };
};

/** Waits until the step is done; on abort of the signal throws its reason. */
export const outcomeOf = async (
  cluster: Cluster,
  { step, name, at }: Applied,
  signal: AbortSignal,
): Promise<Outcome> => {
  const what = `${name}: ${step.shows}`;
  const task = await untilTask(cluster, name, step.done, { what, timeoutMs: step.timeoutMs, signal });
  return { name, seconds: secondsSince(at), says: step.says(task), fault: step.fault(task) };
};

/** Cancels a NodeTask as a user would. */
export const cancelTask = async (cluster: Cluster, name: string, signal: AbortSignal): Promise<Outcome> => {
  const patch = '{"spec":{"cancel":true}}';
  print(`\n$ kubectl patch nodetask ${name} --type merge -p '${patch}'`);
  const args = ['patch', 'nodetask', name, '--namespace', cluster.namespace, '--type', 'merge', '-p', patch];
  const { code, stdout, stderr } = await cluster.controlPlane.kubectl(args);
  print((stdout + stderr).trimEnd());
  if (code !== 0) throw new Error(`kubectl patch of ${name} failed`);
  const at = performance.now();
  const what = `${name} to end when it is cancelled`;
  const task = await untilTask(cluster, name, (one) => hasCondition(one, 'Finished'), {
    what,
    timeoutMs: 30_000,
    signal,
  });
  return {
    name: `${name}, cancelled`,
    seconds: secondsSince(at),
    says: `phase ${String(task.status?.phase)}`,
    fault: is('phase', task.status?.phase, 'Cancelled'),
  };
};

const untilTask = async (
  cluster: Cluster,
  name: string,
  done: (task: NodeTask) => boolean,
  options: WaitForObjectOptions,
): Promise<NodeTask> => {
  const path = `/apis/nodetask.dev/v1alpha1/namespaces/${cluster.namespace}/nodetasks/${name}`;
  const isDone = (task: NodeTask | undefined): boolean => task !== undefined && done(task);
  const task = await waitForObject<NodeTask & KubeObject>(cluster.admin, path, isDone, options);
  if (task === undefined) throw new Error(`${name} is gone`);
  return task;
};
