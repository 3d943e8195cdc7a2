import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { withAppVersion } from '../src/chain/chain-app.ts';
import { isReady } from '../src/pods/pod.ts';
import type { S3Files } from '../src/s3/s3-files.ts';
import { waitFor } from '../src/wait.ts';
import { chainId, s3Params, Stage } from './support/stage.ts';

/** From the chart to a chain that makes blocks. Each test goes on from where the one before it has left the cluster. */

const pods = ['node-0', 'node-1', 'node-2'] as const;

describe('a chain on a real node', { timeout: 900_000 }, () => {
  let stage: Stage;
  let s3: S3Files;
  let genesis = '';

  before(async () => {
    stage = await Stage.start();
    const made: unknown = JSON.parse(await stage.makeHomes(pods));
    assert.ok(typeof made === 'object');
    genesis = withAppVersion(JSON.stringify({ ...made, chain_id: chainId }), {
      kind: 'e2e',
      program: '',
      snapshotInterval: 60,
    });
    s3 = await stage.s3();
    for (const bucket of ['genesis', 'snapshots', 'results']) {
      // A Service leads to its pods a second after they are Ready.
      await waitFor(
        async () =>
          s3.createBucket(bucket).then(
            () => true,
            () => false,
          ),
        {
          what: `bucket ${bucket}`,
          timeoutMs: 30_000,
        },
      );
    }
    await s3.put('genesis', `${chainId}.json`, genesis);
  });
  after(async () => {
    await stage[Symbol.asyncDispose]();
  });

  test('the chart is installed from the images that were built', async () => {
    await stage.install();
  });

  test('the pods of a StatefulSet get an agent, and their nodes wait behind the start gate', async () => {
    await stage.applyFile('chain.yaml');
    for (const pod of pods) {
      const { spec } = await stage.untilPod(pod, 'to have an agent that runs', ({ status }) =>
        JSON.stringify(status).includes('"running"'),
      );
      assert.deepEqual(
        spec.initContainers?.map(({ name }) => name),
        ['nodetask-agent'],
      );
    }
  });

  test('tasks prepare the homes of all nodes', async () => {
    const target = { selector: { matchLabels: { app: 'node' } } };
    await stage.applyTask('genesis', {
      type: 'configure-genesis',
      target,
      params: {
        ...s3Params,
        uri: `s3://genesis/${chainId}.json`,
        chainId,
        sha256: createHash('sha256').update(genesis).digest('hex'),
      },
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
              flush_throttle_timeout: '5ms',
            },
            consensus: { timeout_commit: '100ms', peer_gossip_sleep_duration: '5ms' },
          },
        },
      },
    });
    await stage.untilSucceeded('genesis');
    const { status } = await stage.untilSucceeded('config');
    assert.equal(status?.summary, '3/3');
  });

  test('mark-ready opens the gate: the node starts only then, and makes blocks', async () => {
    const waiting = await stage.untilPod('node-0', 'to be there', () => true);
    assert.ok(!isReady(waiting));
    assert.equal(waiting.status?.phase, 'Pending');
    await stage.applyTask('ready-0', { type: 'mark-ready', target: { podName: 'node-0' } });
    await stage.untilSucceeded('ready-0');
    const rpc = await stage.rpcOf('node-0');
    assert.equal(await rpc.chainId(), chainId);
    await rpc.waitForHeight(10);
  });
});
