import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type Cluster, type S3Server, startCluster, startS3 } from '@nodetask/testbed';
import { untilFinished } from './support/test-cluster.ts';

/** `kubectl describe` of a NodeTask that has failed: all that somebody wants to know, on one screen. */
let cluster: Cluster;
let s3: S3Server;

before(async () => {
  cluster = await startCluster({ operator: { leaderElect: false } });
  s3 = await startS3({ buckets: ['nightly'] });
});

after(async () => {
  await s3[Symbol.asyncDispose]();
  await cluster.stop();
});

test('kubectl describe of a failed restore', async () => {
  await cluster.createAgentPod('sei-0', { allowHosts: ['127.0.0.1'], env: s3.env });
  await cluster.applyNodeTask('restore', {
    type: 'snapshot-restore',
    target: { podName: 'sei-0' },
    params: { ...s3.params('snapshots'), chainId: 'pacific-1' },
  });
  await untilFinished(cluster, 'restore', undefined, 60_000);
  const { stdout } = await cluster.controlPlane.kubectl(['describe', 'nodetask', 'restore', '-n', cluster.namespace]);
  console.log(stdout, stdout.split('\n').length);
  assert.ok(stdout);
});
