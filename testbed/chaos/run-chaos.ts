/**
 * The chaos run: tasks of all kinds are applied while operator, agents, API server and the network between them are killed, stalled, reset and
 * slowed at random; then what the statuses, the journals and the nodes' files say is held against each other, and what the programs hold
 * against what they held before. Everything that must hold is a line in `faults`.
 */
import type { AgentProcess } from '../src/agent-process.ts';
import { startChain } from '../src/chain.ts';
import { type Cluster, startCluster } from '../src/cluster.ts';
import { startFaultProxy, targetOf } from '../src/fault-proxy.ts';
import { freePort } from '../src/net/free-port.ts';
import { startS3 } from '../src/s3.ts';
import { makeTempFolder } from '../src/temp-folder.ts';
import { loadConfig } from '../src/config.ts';
import { waitFor } from '../src/wait.ts';
import { planFaults } from './faults/fault-plan.ts';
import { putHandsTo } from './faults/hands.ts';
import { perpetrator } from './faults/perform.ts';
import { startFleet } from './fleet.ts';
import { awaitRest } from './judgement/await-rest.ts';
import { judgeJournals } from './judgement/journal-faults.ts';
import { awaitHoldings, countHoldings, probeEnvironment } from './judgement/leaks.ts';
import { takeSnapshot } from './judgement/snapshot.ts';
import { persistently } from './persistently.ts';
import { seededRandom } from './random.ts';
import { applyTasks } from './workload/apply-tasks.ts';
import { TaskSource } from './workload/task-source.ts';

export interface ChaosOptions {
  readonly seed: number;
  readonly tasks: number;
  readonly agents: number;
  /** Faults of all kinds, and after them faults that operator and agents live through. */
  readonly faults: { readonly mixed: number; readonly survived: number };
  /** Faults at the same time. */
  readonly hands: number;
  /** Daemons that export the chain. */
  readonly exporters: number;
  /** The longest pause before a fault, in milliseconds. */
  readonly longestPauseMs: number;
  /** The most that the last task may take after the last fault, in milliseconds. */
  readonly restMs: number;
  /** How long a status may lag behind what an agent says once nothing fails any more, in milliseconds. */
  readonly freshMs: number;
  /** How much more than before a process may hold of what connections take, see LettingGo.kept. */
  readonly keptConnections: number;
  /** Progress, a line each. */
  readonly log: (line: string) => void;
}

export interface ChaosReport {
  readonly seed: number;
  /** Done, by what and to what: "kill agent". */
  readonly done: Readonly<Record<string, number>>;
  readonly tasks: Readonly<Record<string, number>>;
  /** Ends that the agents' journals hold. */
  readonly ends: number;
  readonly reruns: number;
  readonly effectsRepeated: number;
  /** From the last fault until every task was at rest. */
  readonly restSeconds: number;
  readonly seconds: number;
  /** What did not hold; empty = all well. */
  readonly faults: readonly string[];
}

const bucket = 'chaos';
const groupSize = 4;
const letGoMs = 120_000;

export const runChaos = async (options: ChaosOptions): Promise<ChaosReport> => {
  const { seed, log } = options;
  const begin = performance.now();
  const random = seededRandom(seed);
  const plan = planFaults({ ...options, ...options.faults, random });

  await using parts = new AsyncDisposableStack();
  // Slow blocks: it is there for heights and pages, and makes no work of its own.
  const chain = parts.use(await startChain({ timeoutCommit: '500ms' }));
  const s3 = parts.use(await startS3({ buckets: [bucket] }));
  const { rpcUrl, configFile, genesisFile } = chain.validator;
  const silent = parts.use(await startFaultProxy({ target: targetOf(rpcUrl), mode: { kind: 'stall' } }));
  const probes = parts.use(await makeTempFolder(loadConfig().tempRoot, 'probes'));
  // With a Lease, each kill of the only operator would cost the 15 s that a Lease takes to expire; take-over has tests of its own.
  const operator = { leaderElect: false, env: probeEnvironment(probes.path, 'operator') };
  // Its garbage collector watches NodeTasks as well, from some moment on: the operator's watches could not be told from its.
  const controlPlane = { controllerManager: false };
  const cluster = parts.use(await startCluster({ namespace: 'chaos', faultProxies: true, operator, controlPlane }));
  const { agents, groups } = await startFleet(cluster, {
    count: options.agents,
    groupSize,
    configFile,
    genesisFile,
    settings: (pod) => ({
      nodeRPC: rpcUrl,
      allowHosts: ['127.0.0.1', s3.host],
      env: { ...s3.environment, ...probeEnvironment(probes.path, pod) },
    }),
  });
  const holdingsOptions = {
    folder: probes.path,
    admin: cluster.admin,
    processes: [cluster.operator.process, ...agents.map((agent) => agent.process)],
  };
  const holdings = async () => countHoldings(holdingsOptions);
  const before = await holdings();
  log(`operator and ${agents.length} agents are up after ${secondsSince(begin)} s; seed ${seed}`);

  using hand = perpetrator(cluster, agents);
  using hands = putHandsTo(plan, options.hands, async (fault) => hand.perform(fault), log);
  const absent = `http://127.0.0.1:${await freePort()}`;
  const source = new TaskSource({
    count: options.tasks,
    exporters: options.exporters,
    pods: agents.map(({ pod }) => pod.name),
    groups,
    random,
    rpc: { healthy: rpcUrl, silent: silent.url('http'), absent },
    height: async () => chain.validator.height(),
    store: s3.params(bucket),
  });
  const applied = await applyTasks({
    cluster,
    source,
    count: options.tasks,
    // Spread over the faults, so that there is work at every one.
    untilTurn: async (number) => hands.untilBegun(Math.floor((number / options.tasks) * plan.length)),
  });
  await hands.done;
  await hand.settled();
  log(`${plan.length} faults are over after ${secondsSince(begin)} s; waiting for the tasks to come to rest`);

  const look = async () => takeSnapshot(cluster, agents);
  const rest = await awaitRest(applied, look, {
    timeoutMs: options.restMs,
    kills: hand.kills,
    freshMs: options.freshMs,
    log,
  });
  const last = await look();
  log(`at rest after ${rest.seconds} s; deleting everything`);

  await deleteAll(cluster);
  const above = await awaitHoldings(before, holdings, { kept: options.keptConnections, timeoutMs: letGoMs, log });
  hand[Symbol.dispose]();
  const unclean = await stopAll(cluster, agents);
  const journals = await judgeJournals(agents, applied, { ...last, kills: hand.kills });
  return {
    seed,
    done: countBy(plan, ({ kind, subject }) => `${kind} ${subject}`),
    tasks: countBy(applied, ({ task }) => task.kind),
    ends: journals.ends,
    reruns: journals.reruns,
    effectsRepeated: journals.effectsRepeated,
    restSeconds: rest.seconds,
    seconds: secondsSince(begin),
    faults: [
      ...hand.falls,
      ...rest.restless.map((line) => `not at rest: ${line}`),
      ...rest.stale.map((line) => `stale: ${line}`),
      ...above.map((line) => `not let go: ${line}`),
      ...unclean,
      ...journals.faults,
    ],
  };
};

interface NodeTaskList {
  readonly items: readonly unknown[];
}

/** Deletes every NodeTask and waits until they are gone: the operator lets go of each only when nothing of it runs. */
const deleteAll = async (cluster: Cluster): Promise<void> => {
  const path = `/apis/nodetask.dev/v1alpha1/namespaces/${cluster.namespace}/nodetasks`;
  await persistently(async () => cluster.admin.request({ method: 'DELETE', path }));
  await waitFor(async () => (await cluster.admin.request<NodeTaskList>({ method: 'GET', path })).items.length === 0, {
    what: 'all NodeTasks to be gone',
    timeoutMs: 120_000,
    intervalMs: 500,
  });
};

/** By SIGTERM, as a kubelet would. Which of them did not end well. */
const stopAll = async (cluster: Cluster, agents: readonly AgentProcess[]): Promise<readonly string[]> => {
  const ends = await Promise.all(
    [cluster.operator, ...agents].map(async (program) => ({ name: program.process.name, exit: await program.stop() })),
  );
  return ends.flatMap(({ name, exit }) =>
    exit?.code === 0 ? [] : [`${name} did not end well on SIGTERM: ${JSON.stringify(exit)}`],
  );
};

const countBy = <T>(items: readonly T[], key: (item: T) => string): Readonly<Record<string, number>> =>
  Object.fromEntries([...Map.groupBy(items, key)].map(([name, { length }]) => [name, length]));

const secondsSince = (begin: number): number => Math.round((performance.now() - begin) / 100) / 10;
