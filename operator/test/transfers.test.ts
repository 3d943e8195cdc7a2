import assert from 'node:assert/strict';
import { createWriteStream } from 'node:fs';
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { after, before, describe, test, type TestContext } from 'node:test';
import { randomBytes } from 'node:crypto';
import type { NodeTask } from '@nodetask/shared';
import { type Cluster, type FaultProxy, type S3Server, startCluster, startS3, waitFor } from '@nodetask/testbed';
import { reasonOf, until, untilFinished } from './support/test-cluster.ts';

/**
 * A transfer over a slow line, as a user sees it: its progress with rate and time left is on the NodeTask while it runs, and spec.cancel
 * stops it at once and leaves nothing behind, neither at the store nor on the node's volume.
 */
const bucket = 'snapshots';
const chainId = 'transfers-1';
const MiB = 1024 ** 2;
/** More than the buffers of a transfer take, so that it waits for the line. */
const snapshotBytes = 160 * MiB;

let cluster: Cluster;
let s3: S3Server;
let line: FaultProxy;
let home: string;

const writeSnapshot = async (height: number, bytes: number): Promise<void> => {
  const folder = join(home, 'data', 'snapshots', String(height));
  await mkdir(folder, { recursive: true });
  const pieces = function* (): Generator<Buffer> {
    for (let left = bytes; left > 0; left -= MiB) yield randomBytes(Math.min(MiB, left));
  };
  await pipeline(Readable.from(pieces()), createWriteStream(join(folder, 'chunk')));
};

before(async () => {
  cluster = await startCluster();
  s3 = await startS3({ buckets: [bucket] });
  line = await s3.startFaultProxy();
  const agent = await cluster.createAgentPod('sei-0', { env: s3.environment, allowHosts: ['127.0.0.1'] });
  ({ home } = agent);
  await writeFile(join(home, 'config', 'genesis.json'), JSON.stringify({ chain_id: chainId, app_state: {} }));
  await writeSnapshot(100, snapshotBytes);
  await writeSnapshot(200, 10);
});

after(async () => {
  await cluster.stop();
  await line.close();
  await s3.stop();
});

const specOf = (type: string, endpoint: string): Readonly<Record<string, unknown>> => ({
  type,
  target: { podName: 'sei-0' },
  params: { ...s3.params(bucket, endpoint), ...(type === 'snapshot-restore' ? { chainId } : {}) },
});

const progressOf = ({ status }: NodeTask) => status?.targets?.[0]?.result?.progress;

/** Every name under data/. */
const dataFiles = async (): Promise<readonly string[]> =>
  (await readdir(join(home, 'data'), { recursive: true })).toSorted();

/** Runs the transfer over the slow line, sees it get on, and cancels it. */
const cancelInTheMiddle = async (t: TestContext, type: string): Promise<void> => {
  const old = await dataFiles();
  const spec = specOf(type, line.url('http'));
  const name = `slow-${type}`;
  await cluster.applyNodeTask(name, spec);
  const first = await until(
    cluster,
    name,
    'to tell rate and time left',
    (task) => progressOf(task)?.etaSeconds !== undefined,
    120_000,
  );
  const progress = progressOf(first);
  assert.ok(progress !== undefined && progress.total !== undefined && progress.percent !== undefined);
  assert.equal(progress.unit, 'bytes');
  assert.ok(progress.done > 0 && progress.done < progress.total, JSON.stringify(progress));
  assert.ok(progress.percent > 0 && progress.percent < 100, JSON.stringify(progress));
  assert.ok((progress.ratePerSecond ?? 0) > 0, JSON.stringify(progress));
  const left = (progress.total - progress.done) / (progress.ratePerSecond ?? 0);
  assert.ok(Math.abs((progress.etaSeconds ?? 0) - left) <= 1.5, JSON.stringify(progress));
  const next = await until(
    cluster,
    name,
    'to get on',
    (task) => (progressOf(task)?.done ?? 0) > progress.done,
    120_000,
  );
  assert.equal(next.status?.phase, 'Running');

  const cancelledAt = performance.now();
  await cluster.applyNodeTask(name, { ...spec, cancel: true });
  const finished = await untilFinished(cluster, name);
  const ms = performance.now() - cancelledAt;
  t.diagnostic(`${JSON.stringify(progressOf(next))}; finished ${ms.toFixed(0)} ms after the patch that cancels`);
  assert.equal(finished.status?.phase, 'Cancelled');
  assert.equal(reasonOf(finished, 'Stalled'), 'Cancelled');
  // Two seconds on a machine that is not busy with other tests.
  assert.ok(ms < 10_000, `${ms} ms`);
  // The store may take its time to forget what was begun.
  await waitFor(async () => (await s3.files.uploads(bucket)).length === 0, {
    what: 'no upload to be left behind',
    timeoutMs: 30_000,
  });
  assert.deepEqual(await dataFiles(), old);
};

describe('a transfer over a slow line', { timeout: 360_000 }, () => {
  test('snapshot-upload tells its progress, and a cancel leaves no upload behind', async (t) => {
    await line.setMode({ kind: 'throttle', direction: 'toServer', bytesPerSecond: MiB });
    await cancelInTheMiddle(t, 'snapshot-upload');
    assert.deepEqual(await s3.files.list(bucket), []);
  });

  test('snapshot-restore tells its progress, and a cancel leaves the old snapshots and nothing else', async (t) => {
    await cluster.applyNodeTask('upload', specOf('snapshot-upload', s3.endpoint));
    const uploaded = await untilFinished(cluster, 'upload');
    assert.equal(uploaded.status?.phase, 'Succeeded');
    await rm(join(home, 'data', 'snapshots', '200'), { recursive: true });
    await line.setMode({ kind: 'throttle', direction: 'toClient', bytesPerSecond: MiB });
    await cancelInTheMiddle(t, 'snapshot-restore');
  });
});
