// The first act: one node, one agent, a NodeTask of each way to run (at once, at a block height, by cron), one that must fail.
import type { Chain } from '../src/chain.ts';
import type { Cluster } from '../src/cluster.ts';
import type { Outcome } from './outcome.ts';
import { examplePod, runStep } from './run-step.ts';
import { scenario } from './scenario.ts';
import { print } from './terminal.ts';

export const playFirstAct = async (cluster: Cluster, chain: Chain, signal: AbortSignal): Promise<Outcome[]> => {
  const outcomes: Outcome[] = [];
  for (const step of scenario) outcomes.push(await runStep(cluster, chain, step, print, signal));
  await cluster.untilPodReady(examplePod);
  return outcomes;
};
