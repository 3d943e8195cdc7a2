import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type Cluster, type S3Server, startCluster, startS3 } from '@nodetask/testbed';
import { messageOf } from './support/pod-faults.ts';
import { untilFinished } from './support/test-cluster.ts';

/** What `kubectl describe` prints of a NodeTask that has failed. */
let cluster: Cluster;
let s3: S3Server;

before(async () => {
  cluster = await startCluster({ operator: { leaderElect: false } });
  s3 = await startS3({ buckets: ['nightly'] });
});

after(async () => {
  await cluster.stop();
  await s3.stop();
});

const describeTask = async (name: string): Promise<string> => {
  const args = ['describe', 'nodetask', name, '-n', cluster.namespace];
  const { code, stdout, stderr } = await cluster.controlPlane.kubectl(args);
  assert.equal(code, 0, stderr);
  return stdout;
};

const count = (text: string, part: string): number => text.split(part).length - 1;

test('kubectl describe of a failed restore says the failure whole in Ready alone, and no field twice', async () => {
  await cluster.createAgentPod('sei-0', { env: s3.environment, allowHosts: ['127.0.0.1'] });
  await cluster.applyNodeTask('restore', {
    type: 'snapshot-restore',
    target: { podName: 'sei-0' },
    params: { ...s3.params('nightli'), chainId: 'pacific-1' },
  });
  const failed = await untilFinished(cluster, 'restore', undefined, 60_000);
  const text = await describeTask('restore');
  const message = messageOf(failed);
  assert.match(
    message,
    /^bucket-missing on sei-0: cannot read s3:\/\/nightli\/\S+ at http:\S+ NoSuchBucket .*\. Check bucket, region and endpoint, or create the bucket$/,
  );
  const [status = '', events = ''] = text.split('\nEvents:');
  assert.equal(count(status, message), 1, 'in Ready');
  assert.equal(count(events, `${message}. To run it again, change spec.runID.`), 1, 'in the event');
  assert.equal(count(status, 'Check bucket, region and endpoint'), 2, 'in Ready, and in the words of the agent');
  assert.equal(count(status, 'see Ready'), 3, 'Stalled, Failed and Finished point to it');
  assert.ok(text.trimEnd().split('\n').length <= 88);
});
