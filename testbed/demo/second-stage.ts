/**
 * What the second act needs beside the cluster: a chain of the Cosmos SDK whose nodes take state-sync snapshots, an S3 server, a pod on the home of a
 * validator, and a pod on the home of a node that has never been started and knows nothing of the chain.
 */
import { rm } from 'node:fs/promises';
import type { ChainNode } from '../src/chain/chain-node.ts';
import type { Cluster } from '../src/cluster.ts';
import { startS3 } from '../src/s3.ts';
import type { S3Server } from '../src/s3.ts';
import { startSdkChain } from '../src/sdk-chain.ts';
import type { SdkChain } from '../src/sdk-chain.ts';
import type { Substitutions } from './apply-step.ts';
import { print } from './terminal.ts';

export const chainId = 'nodetask-demo-2';
export const newPod = 'sei-rpc-1';
export const resultsBucket = 'sei-results';
const snapshotsPod = 'sei-snapshots-0';
/** Blocks; a few seconds. */
export const snapshotInterval = 40;
/** More than are taken between the upload and the look at what was restored from it. */
const snapshotKeepRecent = 30;

export interface SecondStage {
  readonly s3: S3Server;
  readonly chain: SdkChain;
  /** Both of the chain's. The home of the first is what is uploaded from. */
  readonly validators: readonly [ChainNode, ChainNode];
  /** Made, but without a genesis, without peers, and never started. */
  readonly newNode: ChainNode;
}

/** Whatever it starts is handed to `parts`, also where it fails half-way. */
export const startSecondStage = async (parts: AsyncDisposableStack): Promise<SecondStage> => {
  const s3 = parts.use(await startS3({ buckets: ['sei-snapshots', resultsBucket] }));
  const chain = parts.use(await startSdkChain({ chainId, snapshotInterval, snapshotKeepRecent }));
  const [first, second] = chain.validators;
  if (first === undefined || second === undefined) throw new Error('the chain has fewer than two validators');
  const newNode = await chain.addNode({ name: newPod, persistentPeers: [] });
  await rm(newNode.genesisFile);
  return { s3, chain, validators: [first, second], newNode };
};

/** Makes the pods, and waits until there are two snapshots: an upload takes one that the node has finished. */
export const addSecondPods = async (
  cluster: Cluster,
  { s3, chain, validators, newNode }: SecondStage,
): Promise<void> => {
  const [source, other] = validators;
  await cluster.createAgentPod(snapshotsPod, {
    home: source.home,
    nodeRPC: source.rpcUrl,
    env: s3.environment,
    allowHosts: [s3.host],
  });
  await cluster.createAgentPod(newPod, {
    home: newNode.home,
    nodeRPC: newNode.rpcUrl,
    env: s3.environment,
    allowHosts: [s3.host, source.address, other.address],
  });
  await chain.untilSnapshot(source, 2 * snapshotInterval);
  print(`  pods ${snapshotsPod} (a validator) and ${newPod} (an empty home); S3 at ${s3.endpoint}`);
  print(`  the validator takes a snapshot each ${snapshotInterval} blocks`);
};

export const secondSubstitutions = ({ s3, validators: [first, second] }: SecondStage): Substitutions => [
  ['pacific-1', chainId],
  ['sentry-0.sei.svc.cluster.local', first.address],
  ['sentry-1.sei.svc.cluster.local', second.address],
  ['region: eu-central-1', `region: ${s3.region}`],
  ['# endpoint: https://minio.example.com', `endpoint: ${s3.endpoint}`],
  ["cron: '0 3 * * *'", "cron: '* * * * *'"],
  ['trustHeightOffset: 2000', 'trustHeightOffset: 20'],
  ['pageSize: 1000', 'pageSize: 50'],
];
