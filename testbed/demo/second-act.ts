/**
 * The second act: the runbooks of examples/ on a chain with snapshots. What the schedule has uploaded is restored into the home of a new node;
 * tasks alone give that node its genesis, peers and trust point; it starts, state-syncs and follows the chain; its results are exported.
 */
import { join } from 'node:path';
import type { Cluster } from '../src/cluster.ts';
import { waitFor } from '../src/wait.ts';
import { applyStep, cancelTask, outcomeOf } from './apply-step.ts';
import { snapshotsFolder } from './app-snapshots.ts';
import { differing, gapIn, readPages } from './exported-pages.ts';
import { hashFolder } from './folder-hash.ts';
import { check, is } from './outcome.ts';
import type { Finding, Outcome } from './outcome.ts';
import { exportResults, newNodeSteps, restore } from './second-act-steps.ts';
import { chainId, newPod, resultsBucket, secondSubstitutions } from './second-stage.ts';
import type { SecondStage } from './second-stage.ts';
import { print } from './terminal.ts';
import { countInState } from './transactions.ts';

const exportPrefix = `${chainId}/rpc-1/`;
const exportTimeoutMs = 60_000;
/** Blocks that the export must cover beyond those that were there when it began. */
const blocksToFollow = 50;

/** `height`: the snapshot that the schedule has uploaded. */
export const playSecondAct = async (
  cluster: Cluster,
  stage: SecondStage,
  height: number,
  signal: AbortSignal,
): Promise<Outcome[]> => {
  const outcomes: Outcome[] = [];
  for (const step of [restore(height), ...newNodeSteps, exportResults]) {
    if (step === exportResults) {
      await cluster.untilPodReady(newPod);
      outcomes.push(await check('the new node', signal, async () => startNewNode(stage)));
    }
    const applied = await applyStep(cluster, step, secondSubstitutions(stage));
    outcomes.push(await outcomeOf(cluster, applied, signal));
    if (step.example.endsWith('/restore')) {
      outcomes.push(await check('the restored snapshot', signal, async () => compareSnapshots(stage, height)));
    }
  }
  outcomes.push(await check('the exported pages', signal, async () => followExport(stage)));
  outcomes.push(await cancelTask(cluster, 'export-results', signal));
  return outcomes;
};

const compareSnapshots = async ({ chain, newNode }: SecondStage, height: number): Promise<Finding> => {
  const [original, restored] = await Promise.all(
    [chain.validator, newNode].map(async ({ home }) => hashFolder(join(snapshotsFolder(home), String(height)))),
  );
  return {
    says: `data/snapshots/${height} of both homes is equal: ${original?.files} files, ${original?.bytes} bytes, SHA-256 of all ${original?.sha256.slice(0, 12)}…`,
    fault: is('SHA-256 of the restored folder', restored?.sha256, original?.sha256),
  };
};

const startNewNode = async ({ chain, newNode }: SecondStage): Promise<Finding> => {
  print(
    `\n  ${newPod} is Ready: its node starts, with the configuration that the tasks have written. CometBFT takes a snapshot of its`,
  );
  print(
    '  peers; a Sei node could as well take the one that was restored (useLocalSnapshot in 3-configure-state-sync.yaml) …',
  );
  await newNode.start();
  const reached = await newNode.waitUntilFollowing(chain.validator);
  await newNode.waitForHeight(reached + 10);
  const earliest = await newNode.earliestHeight();
  const path = `/block?height=${reached}`;
  const [own, other] = await Promise.all([newNode.rpc(path), chain.validator.rpc(path)]);
  const { found, sent } = await countInState(newNode);
  return {
    says: `state-synced: its first block is ${earliest}, it follows at ${reached + 10}, and has the state of ${found} transactions from before`,
    fault:
      (earliest > 1 ? undefined : 'it has replayed the chain from block 1 instead of state-syncing') ??
      is(`block ${reached}`, JSON.stringify(own), JSON.stringify(other)) ??
      is('number of transactions in its state', found, sent),
  };
};

const followExport = async ({ s3, newNode, chain }: SecondStage): Promise<Finding> => {
  const goal = (await chain.validator.height()) + blocksToFollow;
  print(`  waiting for pages in s3://${resultsBucket}/${exportPrefix} up to block ${goal}, which does not exist yet …`);
  const pages = await waitFor(
    async () => {
      const all = await readPages(s3, resultsBucket, exportPrefix);
      return (all.at(-1)?.to ?? 0) >= goal ? all : undefined;
    },
    { what: `pages up to block ${goal}`, timeoutMs: exportTimeoutMs, intervalMs: 500 },
  );
  const blocks = pages.flatMap((page) => page.blocks);
  const wrong = await differing(blocks, newNode);
  return {
    says: `${pages.length} pages with blocks ${blocks.at(0)?.height} to ${blocks.at(-1)?.height}, without a gap, each equal to what the node says`,
    fault:
      gapIn(pages, await newNode.earliestHeight()) ??
      (wrong === undefined ? undefined : `the results of block ${wrong} are not what the node says`),
  };
};
