// Applies an example that is about one node, and waits for what must come of it.
import type { Chain } from '../src/chain.ts';
import type { Cluster } from '../src/cluster.ts';
import { applyStep, outcomeOf } from './apply-step.ts';
import type { Substitutions } from './apply-step.ts';
import type { Outcome } from './outcome.ts';
import type { Step } from './step.ts';

/** Namespace and pod of the examples. */
export const exampleNamespace = 'sei';
export const examplePod = 'sei-rpc-0';
/** Blocks to wait for, so that the schedule waits a little but the demo does not. */
const heightAhead = 30;

/** The agent of `examplePod` must have the home of the chain's validator. On abort of the signal throws its reason. */
export const runStep = async (
  cluster: Cluster,
  chain: Chain,
  step: Step,
  print: (line: string) => void,
  signal: AbortSignal = new AbortController().signal,
): Promise<Outcome> => outcomeOf(cluster, await applyStep(cluster, step, await substitutions(chain), print), signal);

const substitutions = async ({ validator }: Chain): Promise<Substitutions> => [
  // The node's own RPC in the examples; in the testbed each node has a loopback address of its own.
  ['http://127.0.0.1:26657', validator.rpcUrl],
  ['blockHeight: 200', `blockHeight: ${String((await validator.height()) + heightAhead)}`],
];
