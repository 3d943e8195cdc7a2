import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { NodeTask } from '@nodetask/shared';
import { layOutSnapshots, snapshotsFolder } from '../src/chain/app-snapshots.ts';
import { gapIn, readPages } from '../demo/exported-pages.ts';
import { isReady } from '../src/pods/pod.ts';
import { waitFor } from '../src/wait.ts';
import { makeChainFiles, prepareHomes, SNAPSHOT_INTERVAL, startValidator } from './support/chain.ts';
import type { ChainFiles } from './support/chain.ts';
import { killByMemory, processOf } from './support/processes.ts';
import { chainId, operatorNamespace, s3Params, Stage } from './support/stage.ts';
import { giveToPods } from './support/volume.ts';

/** What docs/failure-matrix.md says, on a real node. A daemon exports block results all the while. */

const prefix = `${chainId}/live/`;

const rowOf = ({ status }: NodeTask) => status?.targets?.[0];

describe('faults on a real node', { timeout: 900_000 }, () => {
  let stage: Stage;
  let files: ChainFiles;

  before(async () => {
    stage = await Stage.start();
    files = await makeChainFiles(stage);
    await stage.install();
    await stage.applyFile('chain.yaml');
    await prepareHomes(stage, files.genesisHash);
    await startValidator(stage);
    await stage.applyTask('export', {
      type: 'result-export',
      target: { podName: 'node-0' },
      async: { daemon: { restartPolicy: 'OnFailure' } },
      params: { ...s3Params, bucket: 'results', prefix, pageSize: 20 },
    });
    const rpc = await stage.rpcOf('node-0');
    await rpc.waitForHeight(2 * SNAPSHOT_INTERVAL + 1, 120_000);
    const home = stage.homeOf('node-0');
    await layOutSnapshots(home);
    await giveToPods(snapshotsFolder(home));
    await stage.applyTask('upload', {
      type: 'snapshot-upload',
      target: { podName: 'node-0' },
      params: { ...s3Params, bucket: 'snapshots', prefix: chainId },
    });
    await stage.untilSucceeded('upload');
  });
  after(async () => {
    await stage[Symbol.asyncDispose]();
  });

  /** Waits for pages up to a block that does not exist yet, and looks for gaps in all of them. */
  const untilExported = async (): Promise<void> => {
    const goal = (await (await stage.rpcOf('node-0')).height()) + 40;
    const pages = await waitFor(
      async () => {
        const all = await readPages({ files: files.s3 }, 'results', prefix);
        return (all.at(-1)?.to ?? 0) >= goal ? all : undefined;
      },
      { what: `pages up to block ${goal}`, timeoutMs: 90_000, intervalMs: 500 },
    );
    assert.equal(gapIn(pages, 1), undefined);
  };

  test('a pod that is deleted in the middle of a task: its successor goes on with it under the same id', async () => {
    const server = await stage.s3Process();
    process.kill(server, 'SIGSTOP');
    await stage.applyTask('restore', {
      type: 'snapshot-restore',
      target: { podName: 'node-0' },
      // The node runs, and goes on with the snapshots that it has opened.
      params: { ...s3Params, bucket: 'snapshots', prefix: chainId, chainId, allowRunning: true, force: true },
    });
    const running = await stage.untilTask(
      'restore',
      'to run',
      (task) => rowOf(task)?.taskID !== undefined && rowOf(task)?.result?.status === 'running',
    );
    const old = await stage.untilPod('node-0', 'to be there', () => true);
    await stage.node.controlPlane.admin.delete('/api/v1/namespaces/chain/pods/node-0');
    // It has been ready on this volume: the node starts at once, while the task waits for the S3 server.
    await stage.untilPod(
      'node-0',
      'to be another, and Ready',
      (pod) => pod.metadata.uid !== old.metadata.uid && isReady(pod),
    );
    process.kill(server, 'SIGCONT');
    const ended = await stage.untilSucceeded('restore');
    assert.equal(rowOf(ended)?.taskID, rowOf(running)?.taskID);
    assert.equal(rowOf(ended)?.attempt, 1);
    assert.notEqual(rowOf(ended)?.podUID, rowOf(running)?.podUID);
    await untilExported();
  });

  test('a node that is killed for want of memory: it starts again, the agent stays, and tasks go on', async () => {
    const pod = await stage.untilPodIsReady('node-0');
    await killByMemory(await processOf(pod.metadata.uid, '/bin/chain'));
    const killed = await stage.untilPod(
      'node-0',
      'to have been killed',
      ({ status }) => status?.containerStatuses?.[0]?.lastState.terminated !== undefined,
    );
    const [node] = killed.status?.containerStatuses ?? [];
    assert.equal(node?.lastState.terminated?.reason, 'OOMKilled');
    const { status } = await stage.untilPodIsReady('node-0');
    assert.equal(status?.containerStatuses?.[0]?.restartCount, 1);
    assert.equal(status.initContainerStatuses?.[0]?.restartCount, 0);
    await untilExported();
    const daemon = await stage.untilTask('export', 'to be there', () => true);
    assert.equal(daemon.status?.conditions?.find(({ type }) => type === 'Ready')?.status, 'True');
  });

  test("the leader's pod is evicted: the other operator leads within seconds, and no task is lost", async () => {
    const { admin } = stage.node.controlPlane;
    const leader = async (): Promise<string> => {
      const lease = await admin.get<{ readonly spec: { readonly holderIdentity?: string } }>(
        `/apis/coordination.k8s.io/v1/namespaces/${operatorNamespace}/leases/nodetask-operator`,
      );
      return lease?.spec.holderIdentity ?? '';
    };
    const first = await leader();
    const name = first.split('_')[0] ?? '';
    await admin.request({
      method: 'POST',
      path: `/api/v1/namespaces/${operatorNamespace}/pods/${name}/eviction`,
      body: { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name, namespace: operatorNamespace } },
    });
    await stage.applyTask('after-eviction', {
      type: 'config-patch',
      target: { podName: 'node-0' },
      params: { files: { 'config.toml': { moniker: 'after the eviction' } } },
    });
    await waitFor(async () => !['', first].includes(await leader()), {
      what: 'another leader',
      timeoutMs: 10_000,
    });
    await stage.untilSucceeded('after-eviction');
    await untilExported();
  });
});
