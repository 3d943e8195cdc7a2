import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { startCluster } from '../src/cluster.ts';
import { watchWithKubectl } from '../src/kube/kubectl-watch.ts';
import { startS3 } from '../src/s3.ts';
import { waitFor } from '../src/wait.ts';

const bucket = 'sei-snapshots';
const MiB = 1024 ** 2;
const snapshotBytes = 64 * MiB;

test('kubectl get nodetasks --watch -o wide shows percent, rate and time left while a task runs', async (t) => {
  await using s3 = await startS3({ buckets: [bucket] });
  const line = await s3.startFaultProxy();
  t.after(async () => line.close());
  await line.setMode({ kind: 'throttle', direction: 'toServer', bytesPerSecond: 2 * MiB });
  await using cluster = await startCluster({ operator: { leaderElect: false } });
  const { controlPlane, namespace } = cluster;
  const { home } = await cluster.createAgentPod('sei-rpc-0', { env: s3.environment, allowHosts: ['127.0.0.1'] });
  await writeFile(join(home, 'config', 'genesis.json'), JSON.stringify({ chain_id: 'pacific-1', app_state: {} }));
  // The newest snapshot may not be whole yet: the one before it is uploaded.
  for (const [height, bytes] of [
    [100, snapshotBytes],
    [200, 10],
  ] as const) {
    const folder = join(home, 'data', 'snapshots', String(height));
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, 'chunk'), randomBytes(bytes));
  }

  const shown: string[] = [];
  const args = ['get', 'nodetasks', '--namespace', namespace, '--watch', '-o', 'wide'];
  await using _ = await watchWithKubectl(controlPlane, args, (text) => {
    shown.push(text);
  });
  const params = s3.params(bucket, line.url('http'));
  await cluster.applyNodeTask('upload', { type: 'snapshot-upload', target: { podName: 'sei-rpc-0' }, params });
  const row = /^upload +sei-rpc-0 +Running +(\d+) % +Running .* upload .+ of .+ \(\1 %\), .+\/s, .+ left$/;
  const percents = (): readonly number[] => [...new Set(shown.flatMap((text) => Number(row.exec(text)?.[1] ?? [])))];
  await waitFor(() => percents().length >= 2, {
    what: 'two rows that tell how far the upload is',
    timeoutMs: 60_000,
    detail: () => shown.join('\n'),
  });
  const [first = 0, second = 0] = percents();
  assert.ok(second > first, percents().join());
});
