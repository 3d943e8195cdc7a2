/**
 * What the second act needs beside the cluster: a chain whose application takes state-sync snapshots, a witness of it, an S3 server, a pod on
 * the validator's home, and a pod on the home of a node that has never been started and knows nothing of the chain.
 */
import { rm } from 'node:fs/promises';
import { startChain } from '../src/chain.ts';
import type { Chain } from '../src/chain.ts';
import type { ChainNode } from '../src/chain/chain-node.ts';
import type { Cluster } from '../src/cluster.ts';
import { startS3 } from '../src/s3.ts';
import type { S3Server } from '../src/s3.ts';
import type { Substitutions } from './apply-step.ts';
import { layOutSnapshots } from './app-snapshots.ts';
import { sendTransactions } from './transactions.ts';
import { print } from './terminal.ts';

export const chainId = 'nodetask-demo-2';
export const newPod = 'sei-rpc-1';
export const resultsBucket = 'sei-results';
const snapshotsPod = 'sei-snapshots-0';
/** Blocks; about 4 s. */
const snapshotInterval = 60;

export interface SecondStage {
  readonly s3: S3Server;
  readonly chain: Chain;
  readonly witness: ChainNode;
  /** Made, but without a genesis, without peers, and never started. */
  readonly newNode: ChainNode;
}

/** Whatever it starts is handed to `parts`, also where it fails half-way. */
export const startSecondStage = async (parts: AsyncDisposableStack): Promise<SecondStage> => {
  const s3 = parts.use(await startS3({ buckets: ['sei-snapshots', resultsBucket] }));
  const chain = parts.use(await startChain({ app: 'e2e', chainId, snapshotInterval }));
  const witness = await chain.addFollower({ name: 'witness' });
  await witness.start();
  await sendTransactions(chain.validator);
  const newNode = await chain.addFollower({ name: newPod, persistentPeers: [] });
  await rm(newNode.genesisFile);
  return { s3, chain, witness, newNode };
};

/** Makes the pods, and lays out two snapshots; answers the height of the one that an upload takes: the second-highest. */
export const addSecondPods = async (
  cluster: Cluster,
  { s3, chain, witness, newNode }: SecondStage,
): Promise<number> => {
  const { validator } = chain;
  await cluster.createAgentPod(snapshotsPod, {
    home: validator.home,
    nodeRPC: validator.rpcUrl,
    env: s3.environment,
    allowHosts: [s3.host],
  });
  await cluster.createAgentPod(newPod, {
    home: newNode.home,
    nodeRPC: newNode.rpcUrl,
    env: s3.environment,
    allowHosts: [s3.host, validator.address, witness.address],
  });
  await validator.waitForHeight(2 * snapshotInterval + 1);
  const heights = await layOutSnapshots(validator.home);
  const height = heights.at(-2);
  if (height === undefined) throw new Error(`the application has taken fewer than two snapshots: ${heights.join()}`);
  print(`  pods ${snapshotsPod} (its validator) and ${newPod} (an empty home); S3 at ${s3.endpoint}`);
  print(
    `  the application's snapshots ${heights.join(', ')} are laid out under data/snapshots/<height>, as a Sei node does`,
  );
  return height;
};

export const secondSubstitutions = ({ s3, chain, witness }: SecondStage): Substitutions => [
  ['pacific-1', chainId],
  ['sentry-0.sei.svc.cluster.local', chain.validator.address],
  ['sentry-1.sei.svc.cluster.local', witness.address],
  ['region: eu-central-1', `region: ${s3.region}`],
  ['# endpoint: https://minio.example.com', `endpoint: ${s3.endpoint}`],
  ["cron: '0 3 * * *'", "cron: '* * * * *'"],
  ['trustHeightOffset: 2000', 'trustHeightOffset: 100'],
  ['pageSize: 1000', 'pageSize: 50'],
];
