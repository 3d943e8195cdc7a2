import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { layOutSnapshots, snapshotsFolder } from '../src/chain/app-snapshots.ts';
import { hashFolder } from '../demo/folder-hash.ts';
import { countInState, sendTransactions } from '../src/chain/transactions.ts';
import { waitFor } from '../src/wait.ts';
import { makeChainFiles, pods, prepareHomes, SNAPSHOT_INTERVAL, startValidator } from './support/chain.ts';
import type { ChainFiles } from './support/chain.ts';
import { chainId, operatorNamespace, s3Params, Stage } from './support/stage.ts';
import { giveToPods } from './support/volume.ts';

/** From the chart to a chain of nodes that tasks have prepared. Each test goes on from where the one before it has left the cluster. */

describe('a chain on a real node', { timeout: 900_000 }, () => {
  let stage: Stage;
  let files: ChainFiles;
  /** Of the snapshot that is uploaded. */
  let snapshotHeight = 0;

  before(async () => {
    stage = await Stage.start();
    files = await makeChainFiles(stage);
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
      const { spec, status } = await stage.untilPod(
        pod,
        'to have an agent that runs',
        (object) => object.status?.initContainerStatuses?.[0]?.state.running !== undefined,
      );
      assert.equal(status?.containerStatuses?.[0]?.state.waiting?.reason, 'PodInitializing');
      assert.deepEqual(
        spec.initContainers?.map(({ name }) => name),
        ['nodetask-agent'],
      );
    }
  });

  test('tasks prepare the homes, and the nodes wait for mark-ready all the same', async () => {
    await prepareHomes(stage, files.genesisHash);
    for (const pod of pods) {
      const { status } = await stage.untilPod(pod, 'to be there', () => true);
      assert.equal(status?.phase, 'Pending');
      assert.equal(status.containerStatuses?.[0]?.state.waiting?.reason, 'PodInitializing');
    }
  });

  test('mark-ready opens the gate, and the validator makes blocks', async () => {
    await startValidator(stage);
    const rpc = await stage.rpcOf('node-0');
    assert.equal(await rpc.chainId(), chainId);
    await rpc.waitForHeight(10);
  });

  test('a second node finds its peers by name and follows the chain', async () => {
    await sendTransactions(await stage.rpcOf('node-0'));
    await stage.joinChain('node-1', ['node-0']);
    const [validator, follower] = [await stage.rpcOf('node-0'), await stage.rpcOf('node-1')];
    await follower.waitUntilFollowing(validator);
  });

  test('a schedule uploads a snapshot', async () => {
    const home = stage.homeOf('node-0');
    await (await stage.rpcOf('node-0')).waitForHeight(2 * SNAPSHOT_INTERVAL + 1, 120_000);
    const heights = await layOutSnapshots(home);
    await giveToPods(snapshotsFolder(home));
    snapshotHeight = heights.at(-2) ?? 0;
    await stage.applyTask('nightly', {
      type: 'snapshot-upload',
      target: { podName: 'node-0' },
      // Each night, in less than a minute.
      async: { schedule: { cron: '* * * * *' } },
      params: { ...s3Params, bucket: 'snapshots', prefix: chainId },
    });
    const { status } = await stage.untilTask(
      'nightly',
      'to have run',
      ({ status: { conditions } = {} }) =>
        conditions?.some((condition) => condition.type === 'LastRunSucceeded' && condition.status === 'True') ?? false,
    );
    assert.equal(status?.phase, 'Scheduled');
    assert.equal((await files.s3.get('snapshots', `${chainId}/latest.txt`)).toString().trim(), String(snapshotHeight));
  });

  test('a third node has it restored, and begins with a snapshot of its peers', async () => {
    await stage.applyTask('restore', {
      type: 'snapshot-restore',
      target: { podName: 'node-2' },
      params: { ...s3Params, bucket: 'snapshots', prefix: chainId, chainId },
    });
    await stage.untilSucceeded('restore');
    const [original, restored] = await Promise.all(
      ['node-0', 'node-2'].map(async (pod) =>
        hashFolder(join(snapshotsFolder(stage.homeOf(pod)), String(snapshotHeight))),
      ),
    );
    assert.deepEqual(restored, original);
    await stage.joinChain('node-2', ['node-0', 'node-1'], { stateSync: true });
    const [validator, follower] = [await stage.rpcOf('node-0'), await stage.rpcOf('node-2')];
    await follower.waitUntilFollowing(validator);
    assert.ok((await follower.earliestHeight()) > 1, 'it has replayed the chain');
    const { found, sent } = await countInState(follower);
    assert.equal(found, sent);
  });

  test('uninstalled, it leaves nothing in its namespace but what Kubernetes puts there, and the chain goes on', async () => {
    await stage.uninstall();
    const left = async (): Promise<readonly string[]> => {
      const kinds =
        'pods,deployments,services,secrets,configmaps,leases,serviceaccounts,roles,rolebindings,poddisruptionbudgets';
      const { stdout } = await stage.node.controlPlane.kubectl(['get', kinds, '-n', operatorNamespace, '-o', 'name']);
      return stdout.trim().split('\n').toSorted();
    };
    let last: readonly string[] = [];
    await waitFor(
      async () => {
        last = await left();
        return last.join() === 'configmap/kube-root-ca.crt,serviceaccount/default';
      },
      { what: `namespace ${operatorNamespace} to be empty`, timeoutMs: 60_000, detail: () => last.join(', ') },
    );
    const rpc = await stage.rpcOf('node-2');
    await rpc.waitForHeight((await rpc.height()) + 10);
  });
});
