/**
 * `npm run demo`: the main jobs on real parts: a control plane, the operator, agents, a chain of CometBFT and one of the Cosmos SDK, an S3 server. The
 * manifests of examples/ are applied with kubectl; it prints what becomes of each, and how long it took. Exits with 0 only if all came out as
 * expected, with 130 after Ctrl-C.
 */
import { startChain } from '../src/chain.ts';
import { watchWithKubectl } from '../src/kube/kubectl-watch.ts';
import type { Chain } from '../src/chain.ts';
import { startCluster } from '../src/cluster.ts';
import type { Cluster } from '../src/cluster.ts';
import { Interruption, stopSignal } from '../src/process/stop-signal.ts';
import { applyStep, outcomeOf } from './apply-step.ts';
import { playFirstAct } from './first-act.ts';
import { summarize } from './outcome.ts';
import type { Outcome } from './outcome.ts';
import { exampleNamespace as namespace, examplePod } from './run-step.ts';
import { playSecondAct } from './second-act.ts';
import { nightlyUpload } from './second-act-steps.ts';
import { addSecondPods, secondSubstitutions, startSecondStage } from './second-stage.ts';
import type { SecondStage } from './second-stage.ts';
import { heading, print, secondsSince } from './terminal.ts';

const log = (line: string): void => print(`  ${line}`);

interface Stage {
  readonly cluster: Cluster;
  readonly first: Chain;
  readonly second: SecondStage;
}

/** Whatever is started is handed to `parts` at once, so that an end half-way stops it too. */
const setStage = async (parts: AsyncDisposableStack, signal: AbortSignal): Promise<Stage> => {
  heading('Starting etcd, kube-apiserver, kube-controller-manager, the operator, two chains, agents, an S3 server');
  const begin = performance.now();
  const second = await startSecondStage(parts);
  signal.throwIfAborted();
  const first = parts.use(await startChain({ chainId: 'nodetask-demo-1' }));
  signal.throwIfAborted();
  const cluster = parts.use(await startCluster({ namespace, log }));
  print(`  control plane at ${cluster.controlPlane.server}, operator at ${cluster.operator.healthUrl}`);
  signal.throwIfAborted();
  const { home, rpcUrl } = first.validator;
  const agent = await cluster.createAgentPod(examplePod, { home, nodeRPC: rpcUrl, labels: { app: 'sei-rpc' } });
  print(`  pod ${namespace}/${examplePod} with its agent at ${agent.url}`);
  signal.throwIfAborted();
  for (const validator of [first.validator, ...second.validators]) {
    print(
      `  chain ${await validator.chainId()} at height ${String(await validator.height())}, RPC ${validator.rpcUrl}`,
    );
  }
  await addSecondPods(cluster, second);
  print(`  up after ${secondsSince(begin).toFixed(1)} s`);
  return { cluster, first, second };
};

const play = async ({ cluster, first, second }: Stage, signal: AbortSignal): Promise<Outcome[]> => {
  heading('A schedule to begin with; the table is kubectl get nodetasks --watch');
  const nightly = await applyStep(cluster, nightlyUpload, secondSubstitutions(second));
  // Where one of the two fails, the other must not go on.
  const failed = new AbortController();
  const both = AbortSignal.any([signal, failed.signal]);
  try {
    heading('First act: a NodeTask of each kind on one node');
    const [outcomes, upload] = await Promise.all([
      playFirstAct(cluster, first, both),
      outcomeOf(cluster, nightly, both),
    ]);
    heading('Second act: snapshots, a new node, results');
    return [...outcomes, upload, ...(await playSecondAct(cluster, second, signal))];
  } finally {
    failed.abort();
  }
};

const printFinally = async (cluster: Cluster): Promise<void> => {
  const columns = 'custom-columns=TYPE:.type,REASON:.reason,OBJECT:.involvedObject.name,MESSAGE:.message';
  for (const args of [
    ['get', 'nodetasks', '-o', 'wide'],
    ['get', 'events', '--field-selector', 'involvedObject.kind=NodeTask', '-o', columns],
  ]) {
    heading(`kubectl ${args.slice(0, 2).join(' ')}`);
    print((await cluster.controlPlane.kubectl([...args, '--namespace', namespace])).stdout.trimEnd());
  }
};

const demo = async (signal: AbortSignal): Promise<boolean> => {
  await using parts = new AsyncDisposableStack();
  const stage = await setStage(parts, signal);
  const { cluster } = stage;
  const table = await watchWithKubectl(
    cluster.controlPlane,
    ['get', 'nodetasks', '--namespace', namespace, '--watch'],
    (line) => {
      print(`  │ ${line}`);
    },
  );
  let outcomes: Outcome[];
  try {
    outcomes = await play(stage, signal);
  } finally {
    await table[Symbol.asyncDispose]();
  }
  await printFinally(cluster);
  summarize(outcomes);
  return outcomes.every(({ fault }) => fault === undefined);
};

const start = performance.now();
const signal = stopSignal();
signal.addEventListener('abort', () => {
  print('\nStopping everything; once more Ctrl-C ends at once …');
});
try {
  const good = await demo(signal);
  print(
    `\n${good ? 'All came out as expected' : 'NOT all came out as expected'}; ${secondsSince(start).toFixed(0)} s in all, everything is stopped and removed.`,
  );
  process.exitCode = good ? 0 : 1;
} catch (error) {
  const why = error instanceof Error ? error.message : String(error);
  print(
    error instanceof Interruption ? `Stopped by ${why}, everything is removed.` : `\nThe demo could not go on: ${why}`,
  );
  process.exitCode = error instanceof Interruption ? 130 : 1;
}
