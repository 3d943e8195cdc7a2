import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import { silentLogger } from '@nodetask/shared';
import type { NodeHome } from '../src/node/node-home.ts';
import { readSnapshotHeight } from '../src/node/snapshot-height.ts';
import { recoverHome } from '../src/tasks/recover-home.ts';
import { listedHeights, writeStore } from './support/metadata-store.ts';
import { startTestS3, testBucket as bucket } from './support/object-store.ts';
import { putArchive } from './support/put-archive.ts';
import {
  allowing,
  chainId,
  describeTree,
  makeChainHome,
  makeVolume,
  moveSnapshots,
  runRestore,
  runUpload,
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
  allowPaths: readonly string[] = [],
): Promise<void> => {
  const script = fileURLToPath(new URL('support/killed-snapshot-task.ts', import.meta.url));
  const args = [
    '--conditions=nodetask-source',
    script,
    type,
    home.root,
    JSON.stringify(params),
    step,
    id,
    ...allowPaths,
  ];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  child.stdout.resume();
  const [, signal] = (await once(child, 'exit')) as [number | null, string | null];
  assert.equal(signal, 'SIGKILL', `${type} did not get to "${step}"`);
};

/** An archive of more than one part: 12 MiB that no compressor makes smaller. */
const largeBytes = 12 * 1024 * 1024;

test('an upload that is killed in any step leaves what can be restored, and the next one completes it', async (t) => {
  const home = await makeChainHome(t);
  await writeSnapshot(home, 100, largeBytes);
  await writeStore(snapshotsOf(home), [{ height: 100 }]);
  await runUpload(home, at('upload'));
  await writeSnapshot(home, 200, largeBytes);
  await writeStore(snapshotsOf(home), [{ height: 200 }]);
  const before = await keys('upload/');
  const steps = [
    'store copied',
    'store selected',
    'progress 2',
    'progress 9',
    'part uploaded',
    'archive uploaded',
    'manifest written',
    'latest written',
  ];
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
      assert.deepEqual(await readdir(home.data), ['snapshots']);
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
  await writeStore(snapshotsOf(source), [{ height: 100 }]);
  await runUpload(source, at('restore'));
  const pristine = await makeChainHome(t);
  await runRestore(pristine, at('restore'));
  const wanted = await describeTree(snapshotsOf(pristine));
  const beforeCommit = ['progress 1', 'progress 3', 'unpacked', 'store copied', 'synced'];
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

test('a restore that is killed while it cuts the list of an older archive leaves nothing of it', async (t) => {
  const source = await makeChainHome(t);
  await writeSnapshot(source, 100, 1_000);
  await writeStore(snapshotsOf(source), [{ height: 100 }, { height: 200 }]);
  await putArchive(s3, source, 'cut/100.tar.gz');
  for (const step of ['store copied', 'store selected']) {
    const home = await makeChainHome(t);
    await writeSnapshot(home, 50, 1_000);
    const old = await describeTree(snapshotsOf(home));
    const id = randomUUID();
    await runUntilKilled('snapshot-restore', home, { ...at('cut'), chainId, allowUnverified: true }, step, id);
    assert.deepEqual(await describeTree(snapshotsOf(home)), old);
    assert.ok((await readdir(home.data)).includes('.nodetask-metadata'));
    assert.equal((await runRestore(home, at('cut'), { id })).outcome, 'changed');
    assert.deepEqual(await listedHeights(snapshotsOf(home)), [100]);
    assert.deepEqual((await readdir(home.data)).toSorted(), ['.nodetask-snapshot-restore.json', 'snapshots']);
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

test('a restore is completed or undone where it was begun, although the configuration has moved the snapshots since', async (t) => {
  const source = await makeChainHome(t);
  for (const height of [100, 200]) await writeSnapshot(source, height, 1_000);
  await runUpload(source, at('begun'));
  for (const [step, begunAt, left] of [
    ['synced', 'fast/snapshots', '50'],
    ['committed', 'fast/snapshots', '100'],
    ['old moved away', 'data/other-snapshots', '100'],
    ['new in place', 'data/snapshots', '100'],
  ] as const) {
    const home = await makeChainHome(t);
    const begun = join(home.root, begunAt);
    await moveSnapshots(home, begun);
    await mkdir(join(begun, '50', '1'), { recursive: true });
    await runUntilKilled('snapshot-restore', home, { ...at('begun'), chainId }, step);
    await moveSnapshots(home, join(home.root, 'later', 'snapshots'));

    await recoverHome(home, silentLogger);
    assert.deepEqual(await readdir(begun), [left], `${step} of ${begunAt}`);
    const beside = left === '100' ? ['.nodetask-snapshot-restore.json', basename(begun)] : [basename(begun)];
    assert.deepEqual((await readdir(dirname(begun))).toSorted(), beside);
    assert.ok(!(await readdir(home.root)).includes('.nodetask-restore-places.json'));
    assert.equal((await runRestore(home, at('begun'))).outcome, 'changed');
    assert.deepEqual(await readdir(join(home.root, 'later', 'snapshots')), ['100']);
  }
});

test('a restore outside of the home is completed once its volume is there and allowed again', async (t) => {
  const source = await makeChainHome(t);
  for (const height of [100, 200]) await writeSnapshot(source, height, 1_000);
  await runUpload(source, at('volume'));
  const volume = await makeVolume(t);
  const home = await makeChainHome(t);
  await moveSnapshots(home, join(volume, 'sei', 'snapshots'));
  await runUntilKilled('snapshot-restore', home, { ...at('volume'), chainId }, 'committed', randomUUID(), [volume]);
  await moveSnapshots(home, join(home.root, 'later', 'snapshots'));

  const lines: string[] = [];
  await recoverHome(home, { ...silentLogger, warn: (message) => lines.push(message) });
  assert.deepEqual(lines, ['the folder of an earlier restore cannot be looked at']);
  assert.deepEqual((await runUpload(home, at('none'))).output, { reason: 'fewer-than-2-snapshots' });
  assert.deepEqual((await readdir(join(volume, 'sei'))).toSorted(), ['.restore-commit.json', '.restore-new']);

  await recoverHome(allowing(home, volume), silentLogger);
  assert.deepEqual(await readdir(join(volume, 'sei', 'snapshots')), ['100']);
  assert.ok(!(await readdir(home.root)).includes('.nodetask-restore-places.json'));
});

test('a note of earlier restores that leads elsewhere has nothing removed there', async (t) => {
  const volume = await makeVolume(t);
  await mkdir(join(volume, '.restore-new', 'precious'), { recursive: true });
  const home = await makeChainHome(t);
  const note = join(home.root, '.nodetask-restore-places.json');
  await writeFile(note, JSON.stringify({ version: 1, places: [{ parent: volume, name: 'snapshots' }] }));
  assert.equal((await runUpload(home, at('note'))).outcome, 'skipped');
  assert.deepEqual(await readdir(join(volume, '.restore-new')), ['precious']);
  await writeFile(note, '{"places": [');
  await assert.rejects(runUpload(home, at('note')), { code: 'file-invalid', message: /restore-places\.json was not/ });
});
