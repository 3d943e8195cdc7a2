/**
 * The second act: the runbooks of examples/ on a chain of the Cosmos SDK. What the schedule has uploaded is restored into the home of a new node; tasks
 * give that node its genesis, peers and trust point; its own commands make its state of the snapshot; it starts from there and follows the chain; its
 * results are exported.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Cluster } from '../src/cluster.ts';
import { waitFor } from '../src/wait.ts';
import { applyStep, cancelTask, outcomeOf } from './apply-step.ts';
import { differing, gapIn, readPages } from './exported-pages.ts';
import { hashFolder } from './folder-hash.ts';
import { check, is } from './outcome.ts';
import type { Finding, Outcome } from './outcome.ts';
import { restoreState, sdkNodeExample } from './restore-state.ts';
import { exportResults, newNodeSteps, restore } from './second-act-steps.ts';
import { chainId, newPod, resultsBucket, secondSubstitutions } from './second-stage.ts';
import type { SecondStage } from './second-stage.ts';
import { print } from './terminal.ts';
import { supplyAt } from './supply.ts';

const exportPrefix = `${chainId}/rpc-1/`;
const exportTimeoutMs = 60_000;
/** Blocks that the export must cover beyond those that were there when it began. */
const blocksToFollow = 50;

export const playSecondAct = async (cluster: Cluster, stage: SecondStage, signal: AbortSignal): Promise<Outcome[]> => {
  const outcomes: Outcome[] = [];
  for (const step of [restore, ...newNodeSteps, exportResults]) {
    if (step === exportResults) {
      await cluster.untilPodReady(newPod);
      outcomes.push(await check("the new node's state", signal, async () => makeState(stage)));
      outcomes.push(await check('the new node', signal, async () => startNewNode(stage)));
    }
    const applied = await applyStep(cluster, step, secondSubstitutions(stage));
    outcomes.push(await outcomeOf(cluster, applied, signal));
    if (step.example.endsWith('/restore')) {
      outcomes.push(await check('the restored snapshot', signal, async () => compareSnapshots(stage)));
    }
  }
  outcomes.push(await check('the exported pages', signal, async () => followExport(stage)));
  outcomes.push(await cancelTask(cluster, 'export-results', signal));
  return outcomes;
};

/** As the task has left it for the node. */
const restoredHeight = async ({ newNode }: SecondStage): Promise<number> =>
  Number(await readFile(join(newNode.home, '.nodetask-snapshot-height'), 'utf8'));

const compareSnapshots = async (stage: SecondStage): Promise<Finding> => {
  const { validators, newNode } = stage;
  const folder = join('data', 'snapshots', String(await restoredHeight(stage)));
  const [original, restored] = await Promise.all(
    [validators[0], newNode].map(async ({ home }) => hashFolder(join(home, folder))),
  );
  return {
    says: `${folder} of both homes is equal: ${original?.files} files, ${original?.bytes} bytes, SHA-256 of all ${original?.sha256.slice(0, 12)}…`,
    fault: is('SHA-256 of the restored folder', restored?.sha256, original?.sha256),
  };
};

const makeState = async (stage: SecondStage): Promise<Finding> => {
  print(`\n  ${newPod} is Ready: the init container of ${sdkNodeExample} runs the node's own commands …`);
  const commands = await restoreState(stage.newNode.home);
  for (const command of commands) print(`  $ ${command}`);
  const height = await restoredHeight(stage);
  return {
    says: `${commands.length} commands have made the state of height ${height}`,
    fault: is('number of commands', commands.length, 3),
  };
};

const startNewNode = async (stage: SecondStage): Promise<Finding> => {
  const { validators, newNode } = stage;
  const [source] = validators;
  print('\n  the node starts, with the configuration that the tasks have written …');
  await newNode.start();
  const reached = await newNode.waitUntilFollowing(source);
  await newNode.waitForHeight(reached + 10);
  const [earliest, snapshot] = [await newNode.earliestHeight(), await restoredHeight(stage)];
  const path = `/block?height=${reached}`;
  const [own, other] = await Promise.all([newNode.rpc(path), source.rpc(path)]);
  const [ownSupply, otherSupply] = await Promise.all([supplyAt(newNode, reached), supplyAt(source, reached)]);
  return {
    says: `its first block is ${earliest}, after the snapshot; it follows at ${reached + 10}, with the blocks and the supply of coins of the validator`,
    fault:
      is('the first block', earliest, snapshot + 1) ??
      is(`block ${reached}`, JSON.stringify(own), JSON.stringify(other)) ??
      is(`the supply of coins at ${reached}`, ownSupply, otherSupply),
  };
};

const followExport = async ({ s3, newNode, validators }: SecondStage): Promise<Finding> => {
  const goal = (await validators[0].height()) + blocksToFollow;
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
