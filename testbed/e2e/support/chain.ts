// How a chain comes to be on the cluster: homes without a genesis, pods behind their gates, and tasks that prepare them.
import { createHash } from 'node:crypto';
import { withAppVersion } from '../../src/chain/chain-app.ts';
import type { S3Files } from '../../src/s3/s3-files.ts';
import { waitFor } from '../../src/wait.ts';
import { chainId, s3Params } from './stage.ts';
import type { Stage } from './stage.ts';

/** In blocks, as in manifests/chain.yaml. */
export const SNAPSHOT_INTERVAL = 60;
/** The replicas of manifests/chain.yaml; the first has the key of the only validator. */
export const pods = ['node-0', 'node-1', 'node-2'] as const;

export interface ChainFiles {
  readonly s3: S3Files;
  /** SHA-256 of the genesis in the bucket. */
  readonly genesisHash: string;
}

/** Makes the homes of the pods, and the buckets: `genesis` holds that of the chain. */
export const makeChainFiles = async (stage: Stage): Promise<ChainFiles> => {
  const made = JSON.parse(await stage.makeHomes(pods)) as object;
  const genesis = withAppVersion(JSON.stringify({ ...made, chain_id: chainId }), {
    kind: 'e2e',
    program: '',
    snapshotInterval: SNAPSHOT_INTERVAL,
  });
  const s3 = await stage.s3();
  let last = '';
  for (const bucket of ['genesis', 'snapshots', 'results']) {
    await waitFor(
      async () => {
        try {
          await s3.createBucket(bucket);
          return true;
        } catch (error) {
          // A Service leads to its pods a second after they are Ready.
          last = String(error);
          return false;
        }
      },
      { what: `bucket ${bucket} to be made`, timeoutMs: 30_000, detail: () => last },
    );
  }
  await s3.put('genesis', `${chainId}.json`, genesis);
  return { s3, genesisHash: createHash('sha256').update(genesis).digest('hex') };
};

/** Has tasks write the genesis and the configuration of every node; they need no gate open. */
export const prepareHomes = async (stage: Stage, genesisHash: string): Promise<void> => {
  const target = { selector: { matchLabels: { app: 'node' } } };
  await stage.applyTask('genesis', {
    type: 'configure-genesis',
    target,
    params: { ...s3Params, uri: `s3://genesis/${chainId}.json`, chainId, sha256: genesisHash },
  });
  await stage.applyTask('config', {
    type: 'config-patch',
    target,
    dependsOn: ['genesis'],
    params: {
      files: {
        'config.toml': {
          rpc: { laddr: 'tcp://0.0.0.0:26657' },
          p2p: {
            laddr: 'tcp://0.0.0.0:26656',
            addr_book_strict: false,
            allow_duplicate_ip: true,
            // With the default of 100 ms a chain of fast blocks runs away from a node that follows it.
            flush_throttle_timeout: '5ms',
          },
          consensus: { timeout_commit: '100ms', peer_gossip_sleep_duration: '5ms' },
          statesync: { discovery_time: '5s' },
        },
      },
    },
  });
  for (const name of ['genesis', 'config']) {
    const { status } = await stage.untilSucceeded(name);
    if (status?.summary !== '3/3') throw new Error(`NodeTask ${name} was done on ${String(status?.summary)}`);
  }
};

/** Opens the gate of a node that needs no peers. */
export const startValidator = async (stage: Stage): Promise<void> => {
  await stage.applyTask('ready-node-0', { type: 'mark-ready', target: { podName: 'node-0' } });
  await stage.untilSucceeded('ready-node-0');
  await stage.untilPodIsReady('node-0');
};
