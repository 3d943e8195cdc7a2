/**
 * `npm run demo`: the main job on real parts. A control plane, a CometBFT chain that makes blocks, an agent on its node's home, the operator;
 * the manifests of examples/ applied with kubectl; what becomes of each, and how long it took. Exits with 0 only if all came out as expected.
 */
import { readFile } from 'node:fs/promises';
import type { NodeTask } from '@nodetask/shared';
import { startChain } from '../src/chain.ts';
import type { Chain } from '../src/chain.ts';
import { startCluster } from '../src/cluster.ts';
import type { Cluster } from '../src/cluster.ts';
import type { KubeObject } from '../src/kube/kube-client.ts';
import { projectPath } from '../src/paths.ts';
import { watchWithKubectl } from './kubectl-watch.ts';
import { scenario } from './scenario.ts';
import type { Step } from './scenario.ts';

const namespace = 'sei';
const pod = 'sei-rpc-0';
/** The node's own RPC in the examples; here each node has a loopback address of its own. */
const exampleRPC = 'http://127.0.0.1:26657';
const exampleHeight = 'blockHeight: 200';
/** Blocks to wait for, so that the schedule waits a little but the demo does not. */
const heightAhead = 30;

interface Outcome {
  readonly step: Step;
  readonly seconds: number;
  readonly says: string;
  readonly fault: string | undefined;
}

const print = (line = ''): void => {
  process.stdout.write(`${line}\n`);
};

const heading = (text: string): void => {
  print();
  print(`── ${text} ${'─'.repeat(Math.max(0, 96 - text.length))}`);
};

const seconds = (since: number): number => (performance.now() - since) / 1000;

/** The example with this demo's addresses, as `sed` would put them in. */
const manifest = async (step: Step, chain: Chain): Promise<string> => {
  const text = await readFile(projectPath('examples', `${step.example}.yaml`), 'utf8');
  return text
    .replaceAll(exampleRPC, chain.validator.rpcUrl)
    .replaceAll(exampleHeight, `blockHeight: ${String((await chain.validator.height()) + heightAhead)}`);
};

const apply = async (cluster: Cluster, chain: Chain, step: Step): Promise<Outcome> => {
  print(`\n$ kubectl apply -f examples/${step.example}.yaml     # ${step.shows}`);
  const applied = await cluster.controlPlane.kubectl(['apply', '-f', '-'], { input: await manifest(step, chain) });
  print((applied.stdout + applied.stderr).trimEnd());
  if (applied.code !== 0) throw new Error(`kubectl apply of examples/${step.example}.yaml failed`);
  const start = performance.now();
  const task = await cluster.untilNodeTask<NodeTask & KubeObject>(
    step.example,
    (object) => object !== undefined && step.done(object),
    { what: `${step.example}: ${step.shows}`, timeoutMs: step.timeoutMs },
  );
  const took = seconds(start);
  if (task === undefined) throw new Error(`${step.example} is gone`);
  const fault = step.fault(task);
  return { step, seconds: took, says: step.says(task), fault };
};

const summarize = (outcomes: readonly Outcome[]): void => {
  heading('Summary: time from the answer of kubectl apply to the result');
  const width = Math.max(...outcomes.map(({ step }) => step.example.length));
  for (const { step, seconds: took, says, fault } of outcomes) {
    const time = took < 1 ? `${(took * 1000).toFixed(0)} ms` : `${took.toFixed(1)} s`;
    print(`${fault === undefined ? '✔' : '✘'} ${step.example.padEnd(width)}  ${time.padStart(8)}  ${fault ?? says}`);
  }
};

const demo = async (): Promise<boolean> => {
  heading('Starting etcd, kube-apiserver, kube-controller-manager, the operator, a CometBFT chain, an agent');
  const begin = performance.now();
  await using cluster = await startCluster({
    namespace,
    log: (line) => {
      print(`  ${line}`);
    },
  });
  print(`  control plane at ${cluster.controlPlane.server}, operator at ${cluster.operator.healthUrl}`);
  await using chain = await startChain({ chainId: 'nodetask-demo-1' });
  const agent = await cluster.createAgentPod(pod, {
    home: chain.validator.home,
    nodeRPC: chain.validator.rpcUrl,
    labels: { app: 'sei-rpc' },
  });
  print(`  chain nodetask-demo-1 at height ${String(await chain.validator.height())}, RPC ${chain.validator.rpcUrl}`);
  print(`  pod ${namespace}/${pod} with its agent at ${agent.url}`);
  print(`  up after ${seconds(begin).toFixed(1)} s`);

  heading('Applying the examples; the table is kubectl get nodetasks --watch');
  const outcomes: Outcome[] = [];
  const table = await watchWithKubectl(cluster.controlPlane, namespace, (line) => {
    print(`  │ ${line}`);
  });
  try {
    for (const step of scenario) outcomes.push(await apply(cluster, chain, step));
  } finally {
    await table[Symbol.asyncDispose]();
  }
  await cluster.untilPodReady(pod);

  heading('kubectl get nodetasks -o wide');
  print(
    (await cluster.controlPlane.kubectl(['get', 'nodetasks', '--namespace', namespace, '-o', 'wide'])).stdout.trimEnd(),
  );
  heading('kubectl get events');
  print(
    (
      await cluster.controlPlane.kubectl([
        'get',
        'events',
        '--namespace',
        namespace,
        '--field-selector',
        'involvedObject.kind=NodeTask',
        '-o',
        'custom-columns=TYPE:.type,REASON:.reason,OBJECT:.involvedObject.name,MESSAGE:.message',
      ])
    ).stdout.trimEnd(),
  );
  summarize(outcomes);
  return outcomes.every(({ fault }) => fault === undefined);
};

const start = performance.now();
try {
  const good = await demo();
  print(
    `\n${good ? 'All came out as expected' : 'NOT all came out as expected'}; ${seconds(start).toFixed(0)} s in all, everything is stopped and removed.`,
  );
  process.exitCode = good ? 0 : 1;
} catch (error) {
  print(`\nThe demo could not go on: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
