import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { rmSync, writeFileSync } from 'node:fs';
import { chmod, mkdir, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { gunzipSync, zstdDecompressSync } from 'node:zlib';
import { momentText, type TaskError } from '@nodetask/shared';
import type { NodeHome } from '../src/node/node-home.ts';
import { readSnapshotHeight } from '../src/node/snapshot-height.ts';
import { whyNoMount } from './support/full-volume.ts';
import { listedHeights, writeStore } from './support/metadata-store.ts';
import { startTestS3, testBucket as bucket } from './support/object-store.ts';
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

for (const compression of ['gzip', 'zstd'] as const) {
  test(`${compression}: what is uploaded comes back byte for byte, with modes`, async (t) => {
    const source = await makeChainHome(t);
    for (const height of [100, 200, 300]) await writeSnapshot(source, height);
    await writeStore(snapshotsOf(source), [{ height: 100 }, { height: 200 }]);
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
    const skipped = [{ height: 300, why: 'metadata.db does not list it: the node has not completed it' }];
    assert.deepEqual(uploaded.output, { height: 200, key, bytes: archive.length, sha256, skipped });
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
    assert.deepEqual(rest, {
      height: 200,
      key,
      bytes: archive.length,
      sha256,
      metadata: 'present',
      chainVerified: 'verified',
    });
    await rm(join(snapshotsOf(source), '100'), { recursive: true });
    await rm(join(snapshotsOf(source), '300'), { recursive: true });
    assert.deepEqual(await listedHeights(snapshotsOf(target)), [200]);
    for (const home of [source, target]) await rm(join(snapshotsOf(home), 'metadata.db'), { recursive: true });
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

const skipped = (message: string) => ({
  outcome: 'skipped',
  reason: 'fewer-than-2-snapshots',
  message: `nothing uploaded: ${message}`,
  output: { reason: 'fewer-than-2-snapshots' },
});

test('with fewer than two snapshots the upload is skipped, and says how many there are and what to set', async (t) => {
  const home = await makeChainHome(t);
  const advice = 'have the node take snapshots, and set snapshot-keep-recent to 2 or more';
  assert.deepEqual(await runUpload(home, at('few')), skipped(`0 snapshots on disk, 2 are needed: ${advice}`));
  await writeSnapshot(home, 5, 100);
  await mkdir(join(snapshotsOf(home), 'not-a-height'));
  assert.deepEqual(await runUpload(home, at('few')), skipped(`1 snapshot on disk, 2 are needed: ${advice}`));

  const appToml = join(home.config, 'app.toml');
  await writeFile(appToml, '[state-sync]\nsnapshot-interval = 2000\nsnapshot-keep-recent = 1\n');
  const keeps = `set state-sync.snapshot-keep-recent in ${appToml} to 2 or more (it is 1), and restart the node`;
  assert.deepEqual(await runUpload(home, at('few')), skipped(`1 snapshot on disk, 2 are needed: ${keeps}`));
  await writeFile(appToml, '[state-sync]\nsnapshot-interval = "2000"\nsnapshot-keep-recent = 2\n');
  const waits = 'wait for the next snapshot, which the node takes every 2000 blocks';
  assert.deepEqual(await runUpload(home, at('few')), skipped(`1 snapshot on disk, 2 are needed: ${waits}`));
  // The reason for having nothing to upload is explained, and not judged: an odd interval is no reason to fail.
  await writeFile(appToml, '[state-sync]\nsnapshot-interval = "often"\n');
  assert.deepEqual(await runUpload(home, at('few')), skipped(`1 snapshot on disk, 2 are needed: ${advice}`));
  // A file that cannot be parsed may name another folder of snapshots.
  await writeFile(appToml, '[state-sync');
  await assert.rejects(runUpload(home, at('few')), { code: 'file-invalid', message: /app\.toml:1:2: not TOML/ });
  assert.deepEqual(await keys('few/'), []);
});

test('where the node takes no snapshots, that is the reason, and the setting is named', async (t) => {
  const home = await makeChainHome(t);
  const appToml = join(home.config, 'app.toml');
  for (const text of ['[state-sync]\nsnapshot-interval = 0\n', 'minimum-gas-prices = ""\n']) {
    await writeFile(appToml, text);
    const { outcome, reason, message } = await runUpload(home, at('off'));
    assert.deepEqual([outcome, reason], ['skipped', 'snapshots-switched-off']);
    assert.equal(
      message,
      `nothing uploaded: 0 snapshots on disk, 2 are needed, and the node takes none (snapshot-interval = 0): set state-sync.snapshot-interval in ${appToml} to a number of blocks, for instance 1000, and restart the node`,
    );
  }
  // What is there is uploaded all the same, and then it is said that there will be no more.
  for (const height of [1, 2]) await writeSnapshot(home, height, 100);
  assert.equal((await runUpload(home, at('off'))).outcome, 'changed');
  const { outcome, message } = await runUpload(home, at('off'));
  assert.equal(outcome, 'unchanged');
  assert.match(message ?? '', /^snapshot 1, .* is uploaded already, and the node takes none .*: set state-sync/);
});

const tooOld = (message: RegExp) => ({ code: 'upload-too-old', retriable: false, message });

test('an upload that is older than maxAgeSeconds fails the run that uploads nothing', async (t) => {
  const home = await makeChainHome(t);
  const hour = { maxAgeSeconds: 3600 };
  await assert.rejects(
    runUpload(home, { ...at('age'), ...hour }),
    tooOld(/nothing is uploaded at s3:\/\/.*age\/ at http.* yet, .* 3600 s .*; nothing uploaded: 0 snapshots on disk/),
  );
  for (const height of [1, 2]) await writeSnapshot(home, height, 100);
  assert.equal((await runUpload(home, { ...at('age'), ...hour })).outcome, 'changed');
  assert.equal((await runUpload(home, { ...at('age'), ...hour })).outcome, 'unchanged');

  // The manifest tells the time, whatever the store says of a bucket that was copied.
  const manifest = (await s3.files.get(bucket, 'age/1.manifest.json')).toString();
  const { createdAt } = JSON.parse(manifest) as { createdAt: string };
  const old = new Date(Date.now() - 7_200_000).toISOString();
  await s3.files.put(bucket, 'age/1.manifest.json', manifest.replace(createdAt, old));
  await assert.rejects(runUpload(home, { ...at('age'), ...hour }), (error: TaskError) => {
    assert.equal(error.code, 'upload-too-old');
    assert.match(
      error.message,
      new RegExp(
        `^the newest upload, s3://.*age/1\\.tar\\.gz at http.* of ${momentText(old)}, is 72\\d\\d s old, and may be 3600 s old .*; snapshot 1,`,
      ),
    );
    assert.deepEqual([error.output?.['height'], error.output?.['newestUploadAt']], [1, old]);
    return true;
  });
  assert.equal((await runUpload(home, { ...at('age'), maxAgeSeconds: 9000 })).outcome, 'unchanged');
  assert.equal((await runUpload(home, at('age'))).outcome, 'unchanged', 'without the param any age will do');

  // The newest upload may be another node's; a snapshot of another chain is none, and neither is an archive without a manifest.
  await s3.files.put(bucket, 'age/7.tar.gz', 'torso');
  await s3.files.put(bucket, `age/snapshot_8_other-chain-1_eu-central-1.tar.gz`, 'other');
  await assert.rejects(runUpload(home, { ...at('age'), ...hour }), tooOld(/1\.tar\.gz/));
  await s3.files.put(bucket, `age/snapshot_6_${chainId}_eu-central-1.tar.gz`, 'published');
  assert.equal((await runUpload(home, { ...at('age'), ...hour })).outcome, 'unchanged');
});

test('heights are compared as numbers', async (t) => {
  const home = await makeChainHome(t);
  for (const height of [9, 10, 100]) await writeSnapshot(home, height, 100);
  assert.equal((await runUpload(home, at('numbers'))).output?.['height'], 10);
});

test('metadata.db stays where it is if includeMetadata is off, and a file of that name is refused', async (t) => {
  const home = await makeChainHome(t);
  for (const height of [1, 2]) await writeSnapshot(home, height, 100);
  await writeFile(join(snapshotsOf(home), 'metadata.db'), 'one file');
  await assert.rejects(runUpload(home, at('metadata-file')), {
    code: 'snapshot-store-unsupported',
    message: /metadata\.db is a file/,
  });
  await rm(join(snapshotsOf(home), 'metadata.db'));
  await writeStore(snapshotsOf(home), [{ height: 1 }, { height: 2 }]);
  await runUpload(home, { ...at('metadata-none'), includeMetadata: false });
  const target = await makeChainHome(t);
  const restored = await runRestore(target, at('metadata-none'));
  assert.deepEqual(await readdir(snapshotsOf(target)), ['2']);
  assert.equal(restored.output?.['metadata'], 'missing');
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

test('snapshots that app.toml puts elsewhere in the home are uploaded from there and restored to there', async (t) => {
  const source = await makeChainHome(t);
  const moved = await moveSnapshots(source, join(source.root, 'fast', 'snapshots'));
  for (const height of [100, 200]) await writeSnapshot(moved, height, 1_000);
  // Of older days: the node does not look there any more.
  for (const height of [7, 8]) await writeSnapshot(source, height, 100);
  assert.equal((await runUpload(source, at('moved'))).output?.['height'], 100);

  const target = await makeChainHome(t);
  await writeSnapshot(target, 8, 100);
  const old = await describeTree(target.data);
  await moveSnapshots(target, join(target.root, 'fast', 'snapshots'));
  for (const outcome of ['changed', 'unchanged'] as const) {
    assert.equal((await runRestore(target, at('moved'))).outcome, outcome);
    assert.deepEqual(await describeTree(target.data), old);
    await rm(join(moved.data, 'snapshots', '200'), { recursive: true, force: true });
    const snapshots = join(target.root, 'fast', 'snapshots');
    assert.deepEqual(await describeTree(snapshots), await describeTree(join(moved.data, 'snapshots')));
    const beside = await readdir(join(target.root, 'fast'));
    assert.deepEqual(beside.toSorted(), ['.nodetask-snapshot-restore.json', 'snapshots']);
  }
  assert.equal(await readSnapshotHeight(target), 100);
  // Back at the usual place nothing was restored yet.
  await rm(join(target.config, 'app.toml'));
  assert.equal((await runRestore(target, at('moved'))).outcome, 'changed');
  assert.deepEqual(await readdir(snapshotsOf(target)), ['100']);
  const files = (await readdir(target.root)).toSorted();
  assert.deepEqual(files, ['.nodetask-snapshot-height', 'config', 'data', 'fast']);
});

test('snapshots outside of the home need --allow-path, and without it nothing is read or changed', async (t) => {
  const volume = await makeVolume(t);
  const source = await makeChainHome(t);
  const moved = await moveSnapshots(source, join(volume, 'sei', 'snapshots'));
  for (const height of [100, 200]) await writeSnapshot(moved, height, 1_000);
  const refusal = {
    code: 'file-invalid',
    message: /snapshot-directory in \S+app\.toml is "\S+\/snapshots": .*--allow-path \(NODETASK_ALLOW_PATH\); nothing/,
  };
  await assert.rejects(runUpload(source, at('outside')), refusal);
  assert.deepEqual(await keys('outside/'), []);
  assert.equal((await runUpload(allowing(source, volume), at('outside'))).output?.['height'], 100);

  const target = await makeChainHome(t);
  await moveSnapshots(target, join(volume, 'other', 'snapshots'));
  const before = await describeTree(target.root);
  await assert.rejects(runRestore(target, at('outside')), refusal);
  assert.deepEqual(await describeTree(target.root), before);
  assert.deepEqual(await readdir(volume), ['sei']);
  await runRestore(allowing(target, volume), at('outside'));
  assert.deepEqual(await readdir(join(volume, 'other', 'snapshots')), ['100']);

  // The folder that is named cannot be exchanged, since that needs the one above it.
  const narrow = allowing(target, join(volume, 'other', 'snapshots'));
  await assert.rejects(runRestore(narrow, { ...at('outside'), force: true }), {
    code: 'file-invalid',
    message: /the folder above .*snapshot-directory in .* is "\S+\/other": .*--allow-path/,
  });
  const { outcome, reason } = await runUpload(narrow, at('narrow'));
  assert.deepEqual({ outcome, reason }, { outcome: 'skipped', reason: 'fewer-than-2-snapshots' });
});

test('a link from the snapshots folder out of the home is not followed, and one within the home is read', async (t) => {
  const volume = await makeVolume(t);
  const home = await makeChainHome(t);
  for (const height of [100, 200]) await writeSnapshot({ ...home, data: volume }, height, 100);
  await symlink(join(volume, 'snapshots'), snapshotsOf(home));
  for (const run of [runUpload, runRestore]) {
    await assert.rejects(run(home, at('link-out')), {
      code: 'file-invalid',
      message: /data\/snapshots is \S+, which leads to \S+: that is outside of the node's home/,
    });
  }
  assert.deepEqual(await keys('link-out/'), []);
  await rm(snapshotsOf(home));
  for (const height of [100, 200]) await writeSnapshot({ ...home, data: join(home.root, 'fast') }, height, 100);
  await symlink('../fast/snapshots', snapshotsOf(home));
  assert.equal((await runUpload(home, at('link-in'))).output?.['height'], 100);
  await assert.rejects(runRestore(home, at('link-in')), { code: 'file-invalid', message: /snapshots is not a folder/ });
});

test(
  'a snapshots folder at which another folder of the same volume is mounted is not exchanged',
  { skip: whyNoMount() },
  async (t) => {
    const source = await makeChainHome(t);
    for (const height of [100, 200]) await writeSnapshot(source, height, 100);
    await runUpload(source, at('mounted'));
    const target = await makeChainHome(t);
    await writeSnapshot({ ...target, data: join(target.root, 'volume') }, 50, 100);
    await mkdir(snapshotsOf(target));
    const before = await describeTree(target.root);
    const program = fileURLToPath(new URL('support/killed-snapshot-task.ts', import.meta.url));
    const mount = 'mount --bind "$1" "$2" && shift 2 && exec "$@"';
    const task = ['snapshot-restore', target.root, JSON.stringify({ ...at('mounted'), chainId }), 'never'];
    const command = [process.execPath, '--conditions=nodetask-source', program, ...task];
    const folders = [join(target.root, 'volume', 'snapshots'), snapshotsOf(target)];
    const args = ['--mount', '--map-root-user', 'sh', '-c', mount, 'sh', ...folders, ...command];
    const failure = await promisify(execFile)('unshare', args).then(
      () => undefined,
      (error: unknown) => error as { readonly stderr: string; readonly stdout: string },
    );
    assert.match(failure?.stderr ?? '', /data\/snapshots is a mount of its own, which cannot be replaced as a whole/);
    assert.equal(failure?.stdout, '');
    assert.deepEqual(await describeTree(target.root), before);
  },
);

test('a restore does not replace a folder that holds more than snapshots', async (t) => {
  const source = await makeChainHome(t);
  for (const height of [100, 200]) await writeSnapshot(source, height, 100);
  await runUpload(source, at('more'));
  const target = await makeChainHome(t);
  await mkdir(join(target.data, 'application.db'));
  await writeFile(join(target.data, 'application.db', 'CURRENT'), 'MANIFEST-000001\n');
  await moveSnapshots(target, join(target.data, 'application.db'));
  const before = await describeTree(target.root);
  await assert.rejects(runRestore(target, at('more')), {
    code: 'file-invalid',
    message: /application\.db, which .*snapshot-directory in .* names, holds "CURRENT", which is no snapshot/,
  });
  assert.deepEqual(await describeTree(target.root), before);
});

test('a restore is not put where the node no longer looks when its configuration changes meanwhile', async (t) => {
  const source = await makeChainHome(t);
  for (const height of [100, 200]) await writeSnapshot(source, height, 100);
  await runUpload(source, at('meanwhile'));
  const target = await makeChainHome(t);
  await writeSnapshot(target, 50, 100);
  const settings = '[state-sync]\nsnapshot-directory = "';
  const afterStep = (step: string): void => {
    if (step === 'synced')
      writeFileSync(join(target.config, 'app.toml'), `${settings}${target.root}/fast/snapshots"\n`);
  };
  await assert.rejects(runRestore(target, at('meanwhile'), { afterStep }), {
    code: 'file-changed',
    message: /its snapshots are in \S+\/fast\/snapshots, and no longer in \S+\/data\/snapshots; nothing was changed/,
  });
  assert.deepEqual(await readdir(target.data), ['snapshots']);
  assert.deepEqual(await readdir(snapshotsOf(target)), ['50']);
});
