import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import type { NodeHome } from '../src/node/node-home.ts';
import { readSnapshotHeight } from '../src/node/snapshot-height.ts';
import { startTestS3, testBucket as bucket } from './support/object-store.ts';
import {
  chainId,
  describeTree,
  makeChainHome,
  runRestore,
  runUpload,
  writeMetadata,
  writeSnapshot,
} from './support/snapshot-home.ts';

const s3 = await startTestS3();
const at = (prefix: string) => ({ ...s3.params(bucket), prefix });
const snapshotsOf = (home: NodeHome): string => join(home.data, 'snapshots');
const keys = async (prefix: string): Promise<string[]> => (await s3.files.list(bucket, prefix)).map(({ key }) => key);

/** Runs a task in a process that kills itself in the step. */
const runUntilKilled = async (
  type: string,
  home: NodeHome,
  params: object,
  step: string,
  id: string = randomUUID(),
): Promise<void> => {
  const script = fileURLToPath(new URL('support/killed-snapshot-task.ts', import.meta.url));
  const args = ['--conditions=nodetask-source', script, type, home.root, JSON.stringify(params), step, id];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  child.stdout.resume();
  const [, signal] = (await once(child, 'exit')) as [number | null, string | null];
  assert.equal(signal, 'SIGKILL', `${type} did not get to "${step}"`);
};

/** An archive of more than one part: 12 MiB that no compressor makes smaller. */
const largeBytes = 12 * 1024 * 1024;

test('an upload that is killed in any step leaves what can be restored, and the next one completes it', async (t) => {
  const home = await makeChainHome(t);
  for (const height of [100, 200]) await writeSnapshot(home, height, largeBytes);
  await runUpload(home, at('upload'));
  await writeSnapshot(home, 300, largeBytes);
  const before = await keys('upload/');
  const steps = ['progress 2', 'progress 9', 'part uploaded', 'archive uploaded', 'manifest written', 'latest written'];
  for (const step of steps) {
    await t.test(step, async (t2) => {
      for (const name of ['200.tar.gz', '200.manifest.json']) await s3.files.delete(bucket, `upload/${name}`);
      await s3.files.put(bucket, 'upload/latest.txt', '100');
      assert.deepEqual(await keys('upload/'), before);

      await runUntilKilled('snapshot-upload', home, at('upload'), step);
      const latest = (await s3.files.get(bucket, 'upload/latest.txt')).toString();
      assert.equal(latest, step === 'latest written' ? '200' : '100');
      const other = await makeChainHome(t2);
      assert.equal((await runRestore(other, at('upload'))).output?.['height'], Number(latest));

      const again = await runUpload(home, at('upload'));
      assert.equal(again.outcome, step === 'latest written' ? 'unchanged' : 'changed');
      assert.equal(again.output?.['height'], 200);
      assert.deepEqual(await s3.files.uploads(bucket), []);
      assert.deepEqual(await keys('upload/'), [
        ...before.slice(0, 2),
        'upload/200.manifest.json',
        'upload/200.tar.gz',
        before[2],
      ]);
      assert.equal((await runRestore(other, { ...at('upload'), force: true })).output?.['height'], 200);
    });
  }
});

test('a restore that is killed in any step leaves the old snapshots or the new ones, and the next one completes it', async (t) => {
  const source = await makeChainHome(t);
  for (const height of [100, 200]) await writeSnapshot(source, height, largeBytes);
  await writeMetadata(source);
  await runUpload(source, at('restore'));
  await rm(join(snapshotsOf(source), '200'), { recursive: true });
  const wanted = await describeTree(snapshotsOf(source));
  const beforeCommit = ['progress 1', 'progress 3', 'unpacked', 'synced'];
  const afterCommit = [
    'committed',
    'old moved away',
    'new in place',
    'height written',
    'marker written',
    'old removed',
  ];
  for (const step of [...beforeCommit, ...afterCommit]) {
    for (const having of ['snapshots', 'nothing'] as const) {
      if (having === 'nothing' && step === 'old moved away') continue;
      await t.test(`${step}, having ${having}`, async (t2) => {
        const home = await makeChainHome(t2);
        if (having === 'snapshots') await writeSnapshot(home, 50, 1_000);
        const old = having === 'snapshots' ? await describeTree(snapshotsOf(home)) : undefined;
        const id = randomUUID();
        await runUntilKilled('snapshot-restore', home, { ...at('restore'), chainId }, step, id);

        const left = await readdir(home.data);
        if (left.includes('snapshots')) {
          const now = await describeTree(snapshotsOf(home));
          const isOld = beforeCommit.includes(step) || step === 'committed';
          assert.deepEqual(now, isOld ? old : wanted);
        } else {
          // Nothing was there before, or the kill fell between the two renames, with both whole.
          assert.ok(old === undefined || step === 'old moved away');
          if (old !== undefined) assert.deepEqual(await describeTree(join(home.data, '.restore-old')), old);
        }

        const again = await runRestore(home, at('restore'), { id });
        assert.equal(again.outcome, 'changed');
        assert.equal(again.output?.['chainVerified'], 'verified');
        assert.deepEqual(again.warnings, []);
        assert.equal(again.output?.['height'], 100);
        assert.deepEqual(await describeTree(snapshotsOf(home)), wanted);
        assert.equal(await readSnapshotHeight(home), 100);
        assert.deepEqual((await readdir(home.data)).toSorted(), ['.nodetask-snapshot-restore.json', 'snapshots']);
        assert.deepEqual((await readdir(home.root)).toSorted(), ['.nodetask-snapshot-height', 'config', 'data']);
        const another = await runRestore(home, at('restore'));
        assert.deepEqual([another.outcome, another.output?.['reason']], ['unchanged', 'already-restored']);
      });
    }
  }
});

test('a restore that is killed after its commit is not made again by the same run, even with force', async (t) => {
  const source = await makeChainHome(t);
  for (const height of [100, 200]) await writeSnapshot(source, height, 1_000);
  await runUpload(source, at('forced'));
  const home = await makeChainHome(t);
  const params = { ...at('forced'), chainId, force: true };
  const id = randomUUID();
  await runUntilKilled('snapshot-restore', home, params, 'new in place', id);
  const steps: string[] = [];
  const again = await runRestore(home, params, { id, afterStep: (step) => steps.push(step) });
  assert.equal(again.outcome, 'changed');
  assert.deepEqual(steps, ['old removed', 'height written', 'marker written']);
});

test('a restore whose snapshots are in place has changed something even if it cannot write its height file', async (t) => {
  const source = await makeChainHome(t);
  for (const height of [100, 200]) await writeSnapshot(source, height, 1_000);
  await runUpload(source, at('untidy'));
  const home = await makeChainHome(t);
  await writeSnapshot(home, 50, 1_000);
  const heightFile = join(home.root, '.nodetask-snapshot-height');
  await mkdir(join(heightFile, 'in the way'), { recursive: true });

  const restored = await runRestore(home, at('untidy'));
  assert.equal(restored.outcome, 'changed');
  assert.match(
    String(restored.warnings?.[0]),
    /the snapshots are in place, but cannot write .*\.nodetask-snapshot-height/,
  );
  assert.deepEqual(await readdir(snapshotsOf(home)), ['100']);
  assert.equal((await runRestore(home, at('untidy'))).output?.['reason'], 'already-restored');

  await rm(heightFile, { recursive: true });
  assert.equal((await runRestore(home, at('untidy'))).output?.['reason'], 'already-restored');
  assert.equal(await readSnapshotHeight(home), 100);
  assert.deepEqual((await readdir(home.data)).toSorted(), ['.nodetask-snapshot-restore.json', 'snapshots']);
});

test('an upload completes a restore that was interrupted before it looks for snapshots', async (t) => {
  const source = await makeChainHome(t);
  for (const height of [100, 200]) await writeSnapshot(source, height, 1_000);
  await runUpload(source, at('both'));
  const home = await makeChainHome(t);
  await writeSnapshot(home, 50, 1_000);
  await runUntilKilled('snapshot-restore', home, { ...at('both'), chainId }, 'old moved away');
  // A node that starts meanwhile makes the folder that it misses.
  await mkdir(snapshotsOf(home));
  assert.deepEqual(await runUpload(home, at('elsewhere')), {
    outcome: 'skipped',
    reason: 'fewer-than-2-snapshots',
    message:
      'nothing uploaded: 1 snapshot on disk, 2 are needed: have the node take snapshots, and set snapshot-keep-recent to 2 or more',
    output: { reason: 'fewer-than-2-snapshots' },
  });
  assert.deepEqual(await readdir(snapshotsOf(home)), ['100']);
  assert.deepEqual((await readdir(home.data)).toSorted(), ['.nodetask-snapshot-restore.json', 'snapshots']);
  assert.equal(await readFile(join(home.root, '.nodetask-snapshot-height'), 'utf8'), '100');
});
