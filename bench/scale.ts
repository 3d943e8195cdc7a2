/**
 * The operator's bundle on a real control plane with 10,000 NodeTasks, 500 pods and 50 real agents, beside a minimal Go operator on
 * controller-runtime that makes the same calls.
 *
 *   npm run bench -- scale [idle] [growth] [burst] [go]     default: all parts
 */
import { loadavg } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import type { NodeTask } from '@nodetask/shared';
import type { KubeObject } from '@nodetask/testbed';
import { percentile } from './percentiles.ts';
import { cpuMs, peakRSS, residentBytes } from './process-usage.ts';
import { addFinishedTasks } from './scale/finished-tasks.ts';
import { cells, heads, type Measured, measureLoad, together } from './scale/load.ts';
import { buildOperators, type OperatorName, type RunningOperator, startOperator } from './scale/operators.ts';
import { RequestCount } from './scale/requests.ts';
import { ScaleCluster } from './scale/scale-cluster.ts';

const parts = ['growth', 'idle', 'burst', 'go'] as const;
type Part = (typeof parts)[number];

const steps = [1_000, 5_000, 10_000];
const most = 10_000;
const pods = 500;
const agents = 50;
const burst = 1_000;
const burstAtOnce = 32;
const single = 150;
const warmUp = 200;
const settleMs = 10_000;
const idleMs = 20_000;
const megabyte = 1e6;
const limits = { rssMB: 300, idleCPU: 1, startMs: 5_000, writes: 6, events: 3 };

const print = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

const table = (title: string, rows: readonly (readonly [string, Measured])[]): void => {
  print(`\n${title}`);
  print(`| | ${heads.join(' | ')} |`);
  print(`|---|${heads.map(() => '---:|').join('')}`);
  for (const [name, measured] of rows) print(`| ${name} | ${cells(measured).join(' | ')} |`);
};

const verdict = (what: string, value: number, unit: string, below: number): void => {
  const good = value <= below;
  print(`${what}: ${value.toFixed(2)} ${unit} (wanted: at most ${String(below)}) ${good ? 'yes' : 'NO'}`);
  if (!good) process.exitCode = 1;
};

/** Lets code be compiled and connections be made. */
const warm = async (cluster: ScaleCluster, operator: RunningOperator): Promise<void> => {
  await measureLoad(cluster, operator, { prefix: 'warm', tasks: warmUp, atOnce: burstAtOnce });
};

const load = {
  single: { prefix: 'single', tasks: single, atOnce: 1 },
  some: { prefix: 'some', tasks: 300, atOnce: burstAtOnce },
  burst: { prefix: 'burst', tasks: burst, atOnce: burstAtOnce },
};

const finishedExample = async ({ admin, namespace }: ScaleCluster): Promise<NodeTask & KubeObject> => {
  const path = `/apis/nodetask.dev/v1alpha1/namespaces/${namespace}/nodetasks/warm-1-0`;
  const found = await admin.get<NodeTask & KubeObject>(path);
  if (found === undefined) throw new Error(`there is no ${path}`);
  return found;
};

/** Brings one task to its end: the others that are there from the beginning are copies of it. */
const makeExample = async (cluster: ScaleCluster): Promise<NodeTask & KubeObject> => {
  await using operator = await startOperator('nodetask', cluster);
  await warm(cluster, operator);
  return await finishedExample(cluster);
};

/** Cost of a task with more and more NodeTasks there. Leaves `most` of them. */
const fill = async (cluster: ScaleCluster, measure: boolean): Promise<void> => {
  const example = await makeExample(cluster);
  const rows: (readonly [string, Measured])[] = [];
  let there = 0;
  for (const step of measure ? steps : [most]) {
    // No operator is there meanwhile: it would run what is not finished yet.
    await addFinishedTasks(
      cluster,
      example,
      Array.from({ length: step - there }, (_, index) => there + index),
    );
    there = step;
    if (!measure) continue;
    await using operator = await startOperator('nodetask', cluster);
    await warm(cluster, operator);
    rows.push([`${String(step)}, one task at a time`, await measureLoad(cluster, operator, load.single)]);
    rows.push([`${String(step)}, ${String(load.some.tasks)} at once`, await measureLoad(cluster, operator, load.some)]);
  }
  if (measure) table('Cost of a task by the number of NodeTasks that are there', rows);
};

const measureIdle = async (cluster: ScaleCluster): Promise<void> => {
  await using operator = await startOperator('nodetask', cluster);
  await sleep(settleMs);
  const from = cpuMs(operator.pid);
  await sleep(idleMs);
  const idle = ((cpuMs(operator.pid) - from) / idleMs) * 100;
  print(`\nWith ${String(most)} NodeTasks and ${String(pods)} pods`);
  verdict('start to synced', operator.startMs, 'ms', limits.startMs);
  verdict('RSS when idle', residentBytes(operator.pid) / megabyte, 'MB', limits.rssMB);
  verdict('RSS at its peak', peakRSS(operator.pid) / megabyte, 'MB', limits.rssMB);
  verdict('CPU when idle', idle, '%', limits.idleCPU);
};

const measureBurst = async (cluster: ScaleCluster): Promise<void> => {
  await using operator = await startOperator('nodetask', cluster);
  await warm(cluster, operator);
  // What was written for the warm-up comes behind its end.
  await sleep(settleMs);
  const requests = await RequestCount.start(cluster);
  const measured = await measureLoad(cluster, operator, load.burst);
  // The finalizers and the events come after the end.
  await sleep(settleMs);
  const { writes, events } = await requests.read();
  table(`${String(burst)} tasks applied at once over ${String(agents)} agents`, [['burst', measured]]);
  verdict('writes of a task', writes / burst, '', limits.writes);
  verdict('events of a task', events / burst, '', limits.events);
  verdict('RSS at its peak', peakRSS(operator.pid) / megabyte, 'MB', limits.rssMB);
};

/** One after the other, and then the other way round: what else the machine does meets both. */
const turns: readonly OperatorName[] = ['nodetask', 'go', 'go', 'nodetask'];

const compare = async (cluster: ScaleCluster): Promise<void> => {
  const found: Record<OperatorName, { single: Measured[]; burst: Measured[] }> = {
    nodetask: { single: [], burst: [] },
    go: { single: [], burst: [] },
  };
  for (const name of turns) {
    await using operator = await startOperator(name, cluster);
    await warm(cluster, operator);
    found[name].single.push(await measureLoad(cluster, operator, load.single));
    found[name].burst.push(await measureLoad(cluster, operator, load.burst));
    print(
      `${name}: synced after ${operator.startMs.toFixed(0)} ms, peak ${(peakRSS(operator.pid) / megabyte).toFixed(0)} MB`,
    );
    await sleep(3_000);
  }
  for (const kind of ['single', 'burst'] as const) {
    const [own, go] = [together(found.nodetask[kind]), together(found.go[kind])];
    table(kind === 'single' ? 'One task at a time' : `${String(burst)} tasks at once`, [
      ['NodeTask', own],
      ['Go, controller-runtime', go],
    ]);
    for (const share of [0.5, 0.99]) {
      const [mine, theirs] = [percentile(own.latencies, share), percentile(go.latencies, share)];
      verdict(`p${String(share * 100)} beside Go's`, mine / theirs, 'times', 1);
    }
    verdict("time for all beside Go's", go.perSecond / own.perSecond, 'times', 1);
  }
};

const chosen = process.argv.slice(2);
const unknown = chosen.filter((name) => !parts.includes(name as Part));
if (unknown.length > 0) throw new Error(`unknown part ${unknown.join(', ')}; there are: ${parts.join(', ')}`);
const asked = (part: Part): boolean => chosen.length === 0 || chosen.includes(part);

await buildOperators(asked('go') ? ['nodetask', 'go'] : ['nodetask']);
await using cluster = await ScaleCluster.start({ agents, pods });
print(`Node.js ${process.version}, load average ${(loadavg()[0] ?? 0).toFixed(1)}`);
await fill(cluster, asked('growth'));
if (asked('idle')) await measureIdle(cluster);
if (asked('burst')) await measureBurst(cluster);
if (asked('go')) await compare(cluster);
