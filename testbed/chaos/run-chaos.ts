/**
 * The chaos run: tasks are applied while operator and agents are killed with SIGKILL at random moments; then what the journals, the node's
 * files and the statuses say is held against each other. Everything that must hold is a line in `faults`.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { createReadStream } from 'node:fs';
import type { NodeTask } from '@nodetask/shared';
import { parse } from 'smol-toml';
import type { AgentProcess } from '../src/agent-process.ts';
import { startChain } from '../src/chain.ts';
import { startCluster } from '../src/cluster.ts';
import type { Cluster } from '../src/cluster.ts';
import type { KubeObject } from '../src/kube/kube-client.ts';
import { installAudit, readAudit } from './journal-audit.ts';
import { watchEffects } from './effect-watch.ts';
import { Killer } from './killer.ts';
import { seededRandom } from './random.ts';
import { chaosTable, chaosTask, type ChaosTask } from './workload.ts';

export interface ChaosOptions {
  readonly tasks: number;
  readonly kills: number;
  readonly agents: number;
  readonly seed: number;
  /** Progress, a line each. */
  readonly log: (line: string) => void;
  /** The most that the last task may take after the last kill, in milliseconds. */
  readonly calmMs?: number;
}

export interface ChaosReport {
  readonly kills: { readonly operator: number; readonly agents: number };
  /** Journalled ends, over all agents; must be one for each task and target. */
  readonly ends: number;
  readonly expectedEnds: number;
  /** Runs that a restart took up again, from the agents' logs. */
  readonly reruns: number;
  /** Effects that were in the file although their commit was lost, so that a rerun found nothing to change. */
  readonly effectsRepeated: number;
  /** What did not hold; empty = all well. */
  readonly faults: readonly string[];
  readonly seconds: number;
}

type Seen = NodeTask & KubeObject;

const podLabels = { app: 'chaos' };
const isFinished = (task: Seen | undefined): boolean =>
  task?.status?.conditions?.some(({ type, status }) => type === 'Finished' && status === 'True') ?? false;

export const runChaos = async (options: ChaosOptions): Promise<ChaosReport> => {
  const { tasks: count, kills, agents: agentCount, seed, log, calmMs = 120_000 } = options;
  const begin = performance.now();
  const random = seededRandom(seed);
  await using chain = await startChain();
  await chain.validator.stop();
  // With a Lease, each kill of the only operator would cost the 15 s that a Lease takes to expire; take-over has tests of its own.
  await using cluster = await startCluster({ namespace: 'chaos', operator: { leaderElect: false } });
  const agents = await startAgents(cluster, chain.validator.configFile, agentCount);
  const pods = agents.map(({ pod }) => pod.name);
  log(`up: operator and ${String(agentCount)} agents; seed ${String(seed)}`);

  const killed = { operator: 0, agents: 0 };
  const mayKill = (kind: 'operator' | 'agents') => (): boolean => {
    if (killed.operator + killed.agents >= kills) return false;
    killed[kind] += 1;
    return true;
  };
  const operatorKiller = new Killer({
    victim: { name: 'operator', kill: () => cluster.operator.kill(), start: () => cluster.operator.start() },
    random,
    longestLifeMs: 4000,
    mayKill: mayKill('operator'),
  });
  const agentKillers = agents.map(
    (agent) =>
      new Killer({
        victim: { name: agent.pod.name, kill: () => agent.kill(), start: () => agent.start() },
        random,
        longestLifeMs: 4000,
        mayKill: mayKill('agents'),
      }),
  );
  const killers = Promise.all([operatorKiller, ...agentKillers].map((killer) => killer.run()));

  // Two of three tasks are caught on their way: a third at the very moment of their effect, to fall between effect and commit, and a
  // third while they are dispatched, run, are committed or reported.
  const aim = (task: ChaosTask): void => {
    const target = pods.indexOf(task.pods[0] ?? '');
    const moment = random();
    if (moment < 1 / 3) effects.onNext(target, () => agentKillers[target]?.strike(0));
    else if (moment < 2 / 3) (random() < 0.2 ? operatorKiller : agentKillers[target])?.strike(random() * 80);
  };
  using effects = watchEffects(agents.map(({ home }) => join(home, 'config')));

  const applied: ChaosTask[] = [];
  for (let number = 0; number < count; number += 1) {
    // Spread over the kills, so that there is work at every kill.
    await untilKilled(() => killed.operator + killed.agents, Math.floor((number / count) * kills), killers);
    const task = chaosTask(number, pods, podLabels);
    await cluster.applyNodeTask(task.name, task.spec);
    applied.push(task);
    aim(task);
    if ((number + 1) % 50 === 0)
      log(`${String(number + 1)} tasks applied, ${String(killed.operator + killed.agents)} kills`);
  }
  await killers;
  log(
    `${String(killed.operator)} kills of the operator, ${String(killed.agents)} of agents; waiting for the last tasks`,
  );

  const faults: string[] = [];
  const deadline = performance.now() + calmMs;
  for (const task of applied)
    faults.push(...(await statusFaults(cluster, task, Math.max(10_000, Math.round(deadline - performance.now())))));
  await cluster.operator.stop();
  for (const agent of agents) await agent.stop();
  const checked = await compareWithJournals(cluster, applied, agents);
  return {
    kills: killed,
    expectedEnds: applied.reduce((sum, { pods: targets }) => sum + targets.length, 0),
    ...checked,
    faults: [...faults, ...checked.faults],
    seconds: (performance.now() - begin) / 1000,
  };
};

const startAgents = async (cluster: Cluster, configFile: string, count: number): Promise<readonly AgentProcess[]> => {
  const config = await readFile(configFile, 'utf8');
  const agents: AgentProcess[] = [];
  for (let number = 0; number < count; number += 1) {
    const agent = await cluster.createAgentPod(`chaos-${String(number)}`, { labels: podLabels });
    await agent.stop();
    await writeFile(join(agent.home, 'config', 'config.toml'), config);
    installAudit(agent.home);
    await agent.start();
    agents.push(agent);
  }
  return agents;
};

/** Waits until `wanted` kills have happened; ends early, with its error, where a killer failed. */
const untilKilled = async (current: () => number, wanted: number, killers: Promise<unknown>): Promise<void> => {
  while (current() < wanted) await Promise.race([sleep(20), killers]);
};

/** Finished, with the result of each target: an end that the operator had to ask for may come before the agent's report of it. */
const isTold = (task: Seen | undefined): boolean =>
  isFinished(task) &&
  (task?.status?.targets ?? []).every(({ result, taskID }) => result?.id === taskID && result?.status !== 'running');

const statusFaults = async (cluster: Cluster, task: ChaosTask, timeoutMs: number): Promise<readonly string[]> => {
  let seen: Seen | undefined;
  try {
    seen = await cluster.untilNodeTask<Seen>(task.name, isTold, {
      what: `${task.name} to be finished, with a result of each target`,
      timeoutMs,
    });
  } catch (error) {
    return [`${task.name} is stuck: ${error instanceof Error ? error.message.slice(0, 1000) : String(error)}`];
  }
  const faults: string[] = [];
  const { status } = seen ?? {};
  if (status?.phase !== task.expect)
    faults.push(`${task.name}: phase ${String(status?.phase)}, expected ${task.expect}`);
  const rows = status?.targets ?? [];
  if (
    rows
      .map(({ pod }) => pod)
      .toSorted()
      .join() !== task.pods.toSorted().join()
  ) {
    faults.push(`${task.name}: rows ${rows.map(({ pod }) => pod).join()}, expected ${task.pods.join()}`);
  }
  for (const { pod, result, taskID } of rows) {
    const wanted = task.expect === 'Succeeded' ? 'completed' : 'failed';
    if (result?.status !== wanted || result.id !== taskID) {
      faults.push(
        `${task.name} on ${pod}: result ${String(result?.status)} of ${String(result?.id)}, expected ${wanted} of ${String(taskID)}`,
      );
    }
  }
  return faults;
};

const compareWithJournals = async (
  cluster: Cluster,
  tasks: readonly ChaosTask[],
  agents: readonly AgentProcess[],
): Promise<Pick<ChaosReport, 'ends' | 'reruns' | 'effectsRepeated' | 'faults'>> => {
  const list = await cluster.admin.request<KubeObject & { readonly items: readonly Seen[] }>({
    method: 'GET',
    path: `/apis/nodetask.dev/v1alpha1/namespaces/${cluster.namespace}/nodetasks`,
  });
  const byName = new Map(list.items.map((item) => [item.metadata.name, item]));
  const faults: string[] = [];
  let ends = 0;
  let reruns = 0;
  let effectsRepeated = 0;
  for (const agent of agents) {
    const pod = agent.pod.name;
    const journalled = readAudit(agent.home);
    ends += journalled.length;
    const endsOf = Map.groupBy(journalled, ({ task }) => task);
    const rerun = await rerunTasks(agent.logFile);
    reruns += rerun.size;
    const left = chaosKeys(await readFile(join(agent.home, 'config', 'config.toml'), 'utf8'));
    for (const task of tasks.filter(({ pods }) => pods.includes(pod))) {
      const row = byName.get(task.name)?.status?.targets?.find((target) => target.pod === pod);
      const id = row?.taskID ?? '';
      const taskEnds = endsOf.get(id) ?? [];
      if (taskEnds.length !== 1)
        faults.push(
          `${task.name} on ${pod}: journalled as ended ${String(taskEnds.length)} times (${JSON.stringify(taskEnds)})`,
        );
      if (task.leaves !== undefined && left[task.leaves.key] !== task.leaves.value) {
        faults.push(
          `${task.name} on ${pod}: config.toml has ${chaosTable}.${task.leaves.key} = ${String(left[task.leaves.key])}, expected ${String(task.leaves.value)}`,
        );
      }
      // Each key is written by one task only. A run that found it there comes after one whose commit was lost.
      if (task.expect === 'Succeeded' && row?.result?.outcome === 'unchanged') {
        effectsRepeated += 1;
        if (!rerun.has(id))
          faults.push(`${task.name} on ${pod}: its effect was there before it ran, but no restart took it up again`);
      }
    }
  }
  return { ends, reruns, effectsRepeated, faults };
};

const chaosKeys = (text: string): Readonly<Record<string, unknown>> => {
  const table = parse(text)[chaosTable];
  return typeof table === 'object' && !Array.isArray(table) ? (table as Record<string, unknown>) : {};
};

/** Ids of the tasks that an agent took up again after a kill, from its log. */
const rerunTasks = async (logFile: string): Promise<ReadonlySet<string>> => {
  const ids = new Set<string>();
  for await (const line of createInterface({ input: createReadStream(logFile) })) {
    const id =
      /"message":"running an interrupted task again".*?"task":"([0-9a-f-]+)"|"task":"([0-9a-f-]+)".*?"message":"running an interrupted task again"/.exec(
        line,
      );
    const found = id?.[1] ?? id?.[2];
    if (found !== undefined) ids.add(found);
  }
  return ids;
};
