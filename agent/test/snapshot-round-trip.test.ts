import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { rmSync, writeFileSync } from 'node:fs';
import { chmod, mkdir, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import { gunzipSync, zstdDecompressSync } from 'node:zlib';
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

for (const compression of ['gzip', 'zstd'] as const) {
  test(`${compression}: what is uploaded comes back byte for byte, with modes`, async (t) => {
    const source = await makeChainHome(t);
    for (const height of [100, 200, 300]) await writeSnapshot(source, height);
    await writeMetadata(source);
    const updates: string[] = [];
    const uploaded = await runUpload(
      source,
      { ...at(`trip-${compression}`), compression },
      {
        onProgress: ({ stage, unit, done, total }) => {
          assert.ok(total !== undefined && done <= total);
          updates.push(`${stage} ${unit}`);
        },
      },
    );
    assert.equal(uploaded.outcome, 'changed');
    assert.deepEqual([...new Set(updates)], ['upload bytes']);
    const key = `trip-${compression}/200.tar.${compression === 'gzip' ? 'gz' : 'zst'}`;
    const archive = await s3.files.get(bucket, key);
    const sha256 = createHash('sha256').update(archive).digest('hex');
    assert.deepEqual(uploaded.output, { height: 200, key, bytes: archive.length, sha256 });
    const manifest = JSON.parse(
      (await s3.files.get(bucket, `trip-${compression}/200.manifest.json`)).toString(),
    ) as Record<string, unknown>;
    assert.deepEqual(
      [
        manifest['height'],
        manifest['chainId'],
        manifest['key'],
        manifest['size'],
        manifest['sha256'],
        manifest['compression'],
      ],
      [200, chainId, key, archive.length, sha256, compression],
    );
    assert.equal((await s3.files.get(bucket, `trip-${compression}/latest.txt`)).toString(), '200');
    // The usual programs read it too.
    const tar = compression === 'gzip' ? gunzipSync(archive) : zstdDecompressSync(archive);
    assert.equal(tar.subarray(257, 262).toString(), 'ustar');

    const target = await makeChainHome(t);
    await writeSnapshot(target, 50);
    const restored = await runRestore(target, at(`trip-${compression}/`));
    assert.equal(restored.outcome, 'changed');
    const { durationMs, ...rest } = restored.output ?? {};
    assert.ok(typeof durationMs === 'number' && durationMs > 0);
    assert.deepEqual(rest, { height: 200, key, bytes: archive.length, sha256, chainVerified: 'verified' });
    await rm(join(snapshotsOf(source), '100'), { recursive: true });
    await rm(join(snapshotsOf(source), '300'), { recursive: true });
    assert.deepEqual(await describeTree(snapshotsOf(target)), await describeTree(snapshotsOf(source)));
    assert.equal(await readSnapshotHeight(target), 200);
    assert.deepEqual((await readdir(target.data)).toSorted(), ['.nodetask-snapshot-restore.json', 'snapshots']);
    assert.deepEqual((await readdir(target.root)).toSorted(), ['.nodetask-snapshot-height', 'config', 'data']);
  });
}

test('a second upload finds the first one, whatever its compression, and completes what a crash left out', async (t) => {
  const home = await makeChainHome(t);
  for (const height of [1, 2]) await writeSnapshot(home, height, 100);
  assert.equal((await runUpload(home, at('again'))).outcome, 'changed');
  const again = await runUpload(home, { ...at('again'), compression: 'zstd' });
  assert.equal(again.outcome, 'unchanged');
  assert.equal(again.output?.['reason'], 'already-uploaded');
  assert.match(again.warnings?.join() ?? '', /1\.tar\.gz was uploaded before with gzip, and stays/);
  assert.deepEqual(await keys('again/'), ['again/1.manifest.json', 'again/1.tar.gz', 'again/latest.txt']);

  await s3.files.delete(bucket, 'again/latest.txt');
  assert.equal((await runUpload(home, at('again'))).outcome, 'changed');
  assert.equal((await s3.files.get(bucket, 'again/latest.txt')).toString(), '1');
  await s3.files.delete(bucket, 'again/1.tar.gz');
  assert.equal((await runUpload(home, at('again'))).outcome, 'changed');
  assert.deepEqual(await keys('again/'), ['again/1.manifest.json', 'again/1.tar.gz', 'again/latest.txt']);
});

test('latest.txt never goes back, and another chain does not get in', async (t) => {
  const home = await makeChainHome(t);
  for (const height of [10, 20]) await writeSnapshot(home, height, 100);
  await s3.files.put(bucket, 'back/latest.txt', '15');
  assert.equal((await runUpload(home, at('back'))).outcome, 'changed');
  assert.equal((await s3.files.get(bucket, 'back/latest.txt')).toString(), '15');
  const other = await makeChainHome(t, 'other-chain-1');
  for (const height of [10, 20]) await writeSnapshot(other, height, 100);
  await assert.rejects(runUpload(other, at('back')), { code: 'chain-mismatch' });
});

test('fewer than two snapshots are nothing to do, and say so', async (t) => {
  const home = await makeChainHome(t);
  const nothing = { outcome: 'unchanged', output: { reason: 'fewer-than-2-snapshots' } };
  assert.deepEqual(await runUpload(home, at('few')), nothing);
  await writeSnapshot(home, 5, 100);
  await mkdir(join(snapshotsOf(home), 'not-a-height'));
  assert.deepEqual(await runUpload(home, at('few')), nothing);
  assert.deepEqual(await keys('few/'), []);
});

test('heights are compared as numbers', async (t) => {
  const home = await makeChainHome(t);
  for (const height of [9, 10, 100]) await writeSnapshot(home, height, 100);
  assert.equal((await runUpload(home, at('numbers'))).output?.['height'], 10);
});

test('metadata.db goes along as a file or a folder, and stays where it is not wanted', async (t) => {
  const home = await makeChainHome(t);
  for (const height of [1, 2]) await writeSnapshot(home, height, 100);
  await writeFile(join(snapshotsOf(home), 'metadata.db'), 'one file');
  await runUpload(home, at('metadata-file'));
  const target = await makeChainHome(t);
  await runRestore(target, at('metadata-file'));
  assert.equal(await readFile(join(snapshotsOf(target), 'metadata.db'), 'utf8'), 'one file');
  await runUpload(home, { ...at('metadata-none'), includeMetadata: false });
  await runRestore(target, at('metadata-none'));
  assert.deepEqual(await readdir(snapshotsOf(target)), ['1']);
});

test('a file that changes or vanishes while it is read fails the upload, and nothing of it is left', async (t) => {
  const home = await makeChainHome(t);
  for (const height of [1, 2]) await writeSnapshot(home, height, 40_000_000);
  for (const change of ['grow', 'shrink', 'vanish'] as const) {
    // The last one: when the first block has been compressed, it has been looked at and cannot have been read.
    const file = join(snapshotsOf(home), '1/last');
    await writeFile(file, Buffer.alloc(1_000_000));
    let changed = false;
    const changeOnce = (): void => {
      if (changed) return;
      changed = true;
      if (change === 'vanish') rmSync(file);
      else writeFileSync(file, Buffer.alloc(change === 'grow' ? 2_000_000 : 10));
    };
    await assert.rejects(runUpload(home, { ...at('changing'), compression: 'zstd' }, { onProgress: changeOnce }), {
      code: 'file-changed',
      retriable: true,
      message: /1\/last/,
    });
    assert.deepEqual(await keys('changing/'), []);
    assert.deepEqual(await s3.files.uploads(bucket), []);
  }
});

test('links, devices and names that cannot be packed are refused by name', async (t) => {
  const home = await makeChainHome(t);
  for (const height of [1, 2]) await writeSnapshot(home, height, 100);
  const link = join(snapshotsOf(home), '1', 'link');
  await symlink('/etc/passwd', link);
  await assert.rejects(runUpload(home, at('links')), { code: 'file-invalid', message: /link is neither/ });
  await rm(link);
  await writeFile(Buffer.concat([Buffer.from(join(snapshotsOf(home), '1/')), Buffer.from([0xff, 0xfe])]), 'x');
  await assert.rejects(runUpload(home, at('links')), { code: 'file-invalid', message: /not UTF-8/ });
  assert.deepEqual(await keys('links/'), []);
});

test('without a genesis it is not known whose snapshot it is', async (t) => {
  const home = await makeChainHome(t);
  for (const height of [1, 2]) await writeSnapshot(home, height, 100);
  await rm(join(home.config, 'genesis.json'));
  await assert.rejects(runUpload(home, at('no-genesis')), { code: 'file-missing', message: /configure-genesis/ });
  await writeFile(join(home.config, 'genesis.json'), 'no json');
  await assert.rejects(runUpload(home, at('no-genesis')), { code: 'file-invalid' });
  await writeFile(join(home.config, 'genesis.json'), '{"app_state":{}}');
  await assert.rejects(runUpload(home, at('no-genesis')), { code: 'file-invalid', message: /no chain_id/ });
});

test('the same restore is not done twice, but another one is, or the same with force', async (t) => {
  const home = await makeChainHome(t);
  for (const height of [1, 2, 3]) await writeSnapshot(home, height, 100);
  await runUpload(home, at('twice'));
  await rm(join(snapshotsOf(home), '3'), { recursive: true });
  await runUpload(home, at('twice'));
  const target = await makeChainHome(t);
  assert.equal((await runRestore(target, at('twice'))).output?.['height'], 2);
  const again = await runRestore(target, at('/twice/'));
  assert.equal(again.outcome, 'unchanged');
  assert.equal(again.output?.['reason'], 'already-restored');
  assert.equal((await runRestore(target, { ...at('twice'), targetHeight: 1 })).output?.['height'], 1);
  assert.deepEqual(await readdir(snapshotsOf(target)), ['1']);
  assert.equal((await runRestore(target, at('twice'))).outcome, 'changed');
  assert.equal((await runRestore(target, { ...at('twice'), force: true })).outcome, 'changed');
  // A marker is worth nothing where what it speaks of is gone.
  await rm(join(snapshotsOf(target), '2'), { recursive: true });
  assert.equal((await runRestore(target, at('twice'))).outcome, 'changed');
});

test('a home without data/ gets one, and a mode without the right to write is kept', async (t) => {
  const home = await makeChainHome(t);
  for (const height of [1, 2]) await writeSnapshot(home, height, 100);
  await chmod(join(snapshotsOf(home), '1/1'), 0o555);
  await runUpload(home, at('bare'));
  const target = await makeChainHome(t);
  await rm(target.data, { recursive: true });
  await runRestore(target, at('bare'));
  // Whoever owns a folder can always write into it: that much is added.
  assert.equal((await describeTree(snapshotsOf(target)))['1/1'], 'folder 755');
  await chmod(join(snapshotsOf(home), '1/1'), 0o755);
});
