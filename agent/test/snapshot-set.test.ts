import assert from 'node:assert/strict';
import { cp, mkdir, mkdtemp, readdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { systemClock } from '@nodetask/runtime';
import { type JsonObject, silentLogger, TaskError } from '@nodetask/shared';
import { seiLocalStateSync } from '@nodetask/testbed';
import type { NodeHome } from '../src/node/node-home.ts';
import { localSnapshot } from '../src/tasks/configure-state-sync/local-snapshot.ts';
import type { SkippedHeight } from '../src/tasks/snapshot/local-snapshots.ts';
import { listedHeights, writeHeights, writeListedHeights, writeStore } from './support/metadata-store.ts';
import { startTestS3, testBucket as bucket } from './support/object-store.ts';
import { putArchive } from './support/put-archive.ts';
import { describeTree, makeChainHome, runRestore, runUpload, writeSnapshot } from './support/snapshot-home.ts';

/** Snapshot folders and metadata.db are one consistent set, on the node, in the archive, and after the restore. */

const s3 = await startTestS3();
const at = (prefix: string) => ({ ...s3.params(bucket), prefix });
const snapshotsOf = (home: NodeHome): string => join(home.data, 'snapshots');
const keys = async (prefix: string): Promise<string[]> => (await s3.files.list(bucket, prefix)).map(({ key }) => key);
const foldersOf = async (home: NodeHome): Promise<string[]> =>
  (await readdir(snapshotsOf(home))).filter((name) => name !== 'metadata.db').toSorted();

/** Uploads from a home with these snapshots, and restores into another one. */
const roundTrip = async (t: TestContext, prefix: string, fill: (home: NodeHome) => Promise<unknown>) => {
  const source = await makeChainHome(t);
  await fill(source);
  const before = await describeTree(source.data);
  const uploaded = await runUpload(source, at(prefix));
  assert.deepEqual(await describeTree(source.data), before, 'the upload changed the data of its node');
  const target = await makeChainHome(t);
  const restored = await runRestore(target, at(prefix));
  assert.equal(restored.output?.['height'], uploaded.output?.['height']);
  return { uploaded, restored, target };
};

const skippedOf = (output: JsonObject | undefined): readonly SkippedHeight[] =>
  (output?.['skipped'] ?? []) as unknown as readonly SkippedHeight[];

for (const { spec, height, skipped } of [
  { spec: '100:full,200:full,300:full', height: 300, skipped: undefined },
  {
    spec: '200:full,300:partial,400:full',
    height: 400,
    skipped: /^\[\{"height":300,"why":"metadata\.db does not list/,
  },
  { spec: '200:full,300:partial', height: 200, skipped: /"height":300/ },
  { spec: '200:full,300:empty,400:full', height: 400, skipped: /"height":300/ },
  { spec: '200:full,300:empty', height: 200, skipped: /"height":300/ },
  { spec: '200:full,300:gone', height: 200, skipped: /300.*lists it, and its folder 300 is missing/ },
  { spec: '200:full,0300:full', height: 200, skipped: /300.*lists it, and its folder 300 is missing/ },
]) {
  test(`of ${spec} the restored node gets ${String(height)}, and lists nothing else`, async (t) => {
    const { uploaded, restored, target } = await roundTrip(t, spec.replaceAll(/[:,]/g, '-'), (home) =>
      writeListedHeights(home, spec),
    );
    assert.equal(uploaded.output?.['height'], height);
    if (skipped === undefined) assert.equal('skipped' in (uploaded.output ?? {}), false);
    else assert.match(JSON.stringify(skippedOf(uploaded.output)), skipped);
    assert.deepEqual(await listedHeights(snapshotsOf(target)), [height]);
    assert.deepEqual(await foldersOf(target), [String(height)]);
    const listed = [{ height, format: 1, chunks: 3 }];
    assert.equal(await seiLocalStateSync(snapshotsOf(target), listed), `syncs at height ${String(height)}`);
    assert.deepEqual([uploaded.warnings, restored.warnings], [undefined, []]);
  });
}

test('a chunk that is missing or empty makes a listed snapshot incomplete', async (t) => {
  const home = await makeChainHome(t);
  await writeListedHeights(home, '100:full,200:full,300:full');
  await rm(join(snapshotsOf(home), '300/1/1'));
  await writeFile(join(snapshotsOf(home), '200/1/2'), '');
  const { output } = await runUpload(home, at('chunks'));
  assert.equal(output?.['height'], 100);
  assert.deepEqual(output?.['skipped'], [
    { height: 300, why: 'chunk 1 of 3 is missing in 300/1' },
    { height: 200, why: 'chunk 2 of 3 is empty in 200/1' },
  ]);
});

test('of two formats of a height the complete one counts, and only that one is listed', async (t) => {
  const { target } = await roundTrip(t, 'formats', async (home) => {
    await writeHeights(home, '100:full');
    await mkdir(join(snapshotsOf(home), '100/2'));
    await writeStore(snapshotsOf(home), [
      { height: 100, format: 1, chunks: 3 },
      { height: 100, format: 2, chunks: 3 },
    ]);
  });
  assert.deepEqual(await listedHeights(snapshotsOf(target)), [100]);
});

test('a node whose snapshots are all incomplete uploads nothing and says so', async (t) => {
  const home = await makeChainHome(t);
  await writeListedHeights(home, '100:gone,200:partial,300:empty');
  const { outcome, reason, message, output } = await runUpload(home, at('none'));
  assert.deepEqual([outcome, reason], ['skipped', 'no-complete-snapshot']);
  assert.match(
    message ?? '',
    /^nothing uploaded: 2 snapshots on disk, none is complete \(300: metadata\.db does not list it.*wait for the next snapshot$/,
  );
  assert.deepEqual(
    skippedOf(output).map(({ height }) => height),
    [300, 200, 100],
  );
  assert.deepEqual(await keys('none/'), []);
});

test('an output names sixteen incomplete snapshots and the number of the others', async (t) => {
  const home = await makeChainHome(t);
  const torsos = Array.from({ length: 20 }, (_, index) => `${String(200 + index)}:empty`).join(',');
  await writeListedHeights(home, `100:full,${torsos}`);
  const { output } = await runUpload(home, at('many'));
  assert.equal(skippedOf(output).length, 16);
  assert.equal(output?.['skippedMore'], 4);
});

for (const { spec, height } of [
  { spec: '200:full,300:empty,400:full', height: 200 },
  { spec: '100:full,200:full,300:full', height: 200 },
  { spec: '100:full,200:empty,300:empty', height: 100 },
]) {
  test(`without a metadata.db ${String(height)} of ${spec} is uploaded: the highest may still be written`, async (t) => {
    const home = await makeChainHome(t);
    await writeHeights(home, spec);
    assert.equal((await runUpload(home, at(`plain-${String(height)}`))).output?.['height'], height);
  });
}

test('without a metadata.db a gap in the numbers of the chunks shows a torso', async (t) => {
  const home = await makeChainHome(t);
  await writeHeights(home, '100:full,200:full,300:full');
  await rm(join(snapshotsOf(home), '200/1/1'));
  const { output } = await runUpload(home, at('gap'));
  assert.equal(output?.['height'], 100);
  assert.deepEqual(output['skipped'], [{ height: 200, why: 'chunk 1 is missing in 200/1, which has 2 others' }]);
});

test('entries that are not messages of the SDK are judged by the files, and the result warns of them', async (t) => {
  const home = await makeChainHome(t);
  await writeHeights(home, '100:full,200:full,300:empty');
  await writeStore(
    snapshotsOf(home),
    [100, 200, 300].map((height) => ({ height, value: Buffer.from(`snapshot ${String(height)} chunks 3`) })),
  );
  const { output, warnings } = await runUpload(home, at('odd'));
  assert.equal(output?.['height'], 200);
  assert.match(String(warnings), /does not tell in the form of the SDK how many chunks snapshot 300 has/);
});

test('a link to a folder of snapshots outside of the home is refused', async (t) => {
  const home = await makeChainHome(t);
  const elsewhere = await mkdtemp(join(tmpdir(), 'nodetask-elsewhere-'));
  t.after(() => rm(elsewhere, { recursive: true }));
  await writeListedHeights(home, '100:full');
  await cp(snapshotsOf(home), join(elsewhere, 'snapshots'), { recursive: true });
  await rm(snapshotsOf(home), { recursive: true });
  await symlink(join(elsewhere, 'snapshots'), snapshotsOf(home));
  await assert.rejects(runUpload(home, at('link')), { code: 'file-invalid', message: /leads to .*outside/ });
});

for (const { name, files } of [
  {
    name: 'pebbledb',
    files: ['CURRENT', 'MANIFEST-000001', 'OPTIONS-000003', 'marker.manifest.000001.MANIFEST-000001'],
  },
  { name: 'rocksdb', files: ['CURRENT', 'IDENTITY', 'MANIFEST-000004', 'OPTIONS-000007', '000008.sst'] },
  { name: 'badgerdb', files: ['MANIFEST', 'KEYREGISTRY', '000001.vlog'] },
  { name: 'an unknown database', files: ['data.mdb'] },
]) {
  test(`a metadata.db that is ${name} is refused by name, and without it the files tell`, async (t) => {
    const home = await makeChainHome(t);
    await writeHeights(home, '100:full,200:full');
    await mkdir(join(snapshotsOf(home), 'metadata.db'));
    for (const file of files) await writeFile(join(snapshotsOf(home), 'metadata.db', file), 'x');
    const prefix = `backend-${name}`;
    await assert.rejects(runUpload(home, at(prefix)), {
      code: 'snapshot-store-unsupported',
      retriable: false,
      message: new RegExp(`metadata\\.db is ${name}.*includeMetadata: false`),
    });
    assert.deepEqual(await keys(`${prefix}/`), []);
    const { output, warnings } = await runUpload(home, { ...at(prefix), includeMetadata: false });
    assert.equal(output?.['height'], 100);
    assert.match(String(warnings), new RegExp(`by their files alone: .* is ${name}`));
    assert.deepEqual(await readdir(home.data), ['snapshots']);
  });
}

test('a node that is configured for another database is refused by the key that says so', async (t) => {
  const home = await makeChainHome(t);
  await writeListedHeights(home, '100:full');
  await writeFile(join(home.config, 'config.toml'), 'db_backend = "rocksdb"\n');
  const refused = { code: 'snapshot-store-unsupported' };
  await assert.rejects(runUpload(home, at('configured')), {
    ...refused,
    message: /db_backend in .*config.toml is "rocksdb"/,
  });
  await writeFile(join(home.config, 'app.toml'), 'app-db-backend = "goleveldb"\n');
  await runUpload(home, at('configured'));
  await writeFile(join(home.config, 'app.toml'), 'app-db-backend = "pebbledb"\n');
  const message = /app-db-backend in .*app.toml is "pebbledb"/;
  await assert.rejects(runUpload(home, at('configured')), { ...refused, message });
  const target = await makeChainHome(t);
  await cp(join(home.config, 'app.toml'), join(target.config, 'app.toml'));
  await assert.rejects(runRestore(target, at('configured')), { ...refused, message });
  assert.deepEqual(await readdir(target.data), []);
});

test('a metadata.db that is damaged fails the upload, and no copy of it stays', async (t) => {
  const home = await makeChainHome(t);
  await writeListedHeights(home, '100:full,200:full');
  const store = join(snapshotsOf(home), 'metadata.db');
  const manifest = (await readdir(store)).find((name) => name.startsWith('MANIFEST')) ?? '';
  const whole = await readFile(join(store, manifest));
  for (const content of [Buffer.alloc(0), whole.subarray(0, 20), Buffer.alloc(200_000, 0xff)]) {
    await writeFile(join(store, manifest), content);
    await assert.rejects(runUpload(home, at('damaged')), {
      code: 'snapshot-store-invalid',
      message: /copy of metadata\.db cannot be used as a LevelDB: /,
    });
    assert.deepEqual(await readdir(home.data), ['snapshots']);
  }
  await rename(join(store, 'CURRENT'), join(store, '000009.log'));
  await assert.rejects(runUpload(home, at('damaged')), { code: 'snapshot-store-unsupported' });
  assert.deepEqual(await keys('damaged/'), []);
});

test('of an archive with the whole metadata.db of its node only the snapshots in it are listed afterwards', async (t) => {
  const source = await makeChainHome(t);
  await writeListedHeights(source, '100:full,200:full,300:full');
  for (const height of ['100', '300']) await rm(join(snapshotsOf(source), height), { recursive: true });
  await putArchive(s3, source, 'older/200.tar.gz');
  const target = await makeChainHome(t);
  assert.equal((await runRestore(target, at('older'))).output?.['height'], 200);
  assert.deepEqual(await listedHeights(snapshotsOf(target)), [200]);
  assert.deepEqual((await readdir(target.data)).toSorted(), ['.nodetask-snapshot-restore.json', 'snapshots']);
});

for (const { what, fill, code = 'snapshot-invalid', message } of [
  {
    what: 'a torso',
    fill: async (home: NodeHome) => {
      await writeListedHeights(home, '200:full');
      await rm(join(snapshotsOf(home), '200/1/1'));
    },
    message: /snapshot 200, which is not complete: chunk 1 of 3 is missing/,
  },
  { what: 'an empty folder', fill: (home: NodeHome) => writeHeights(home, '200:empty'), message: /holds no chunk/ },
  {
    what: 'an empty folder that is listed',
    fill: (home: NodeHome) =>
      writeListedHeights(home, '200:gone').then(() => mkdir(join(snapshotsOf(home), '200'), { recursive: true })),
    message: /200\/1 is missing/,
  },
  {
    what: 'a snapshot that its own metadata.db does not list',
    fill: (home: NodeHome) => writeListedHeights(home, '100:gone,200:partial'),
    message: /does not list it/,
  },
  {
    what: 'a metadata.db that is damaged',
    fill: async (home: NodeHome) => {
      await writeListedHeights(home, '200:full');
      await writeFile(join(snapshotsOf(home), 'metadata.db/CURRENT'), 'MANIFEST-000777\n');
    },
    code: 'snapshot-store-invalid',
    message: /cannot be used as a LevelDB/,
  },
  {
    what: 'a metadata.db of pebbledb',
    fill: async (home: NodeHome) => {
      await writeHeights(home, '200:full');
      await mkdir(join(snapshotsOf(home), 'metadata.db'));
      await writeFile(join(snapshotsOf(home), 'metadata.db/marker.format-version.000001.013'), '');
    },
    code: 'snapshot-store-unsupported',
    message: /is pebbledb/,
  },
]) {
  test(`an archive with ${what} is refused, and nothing is changed`, async (t) => {
    const source = await makeChainHome(t);
    await fill(source);
    const prefix = `refused-${what.replaceAll(' ', '-')}`;
    await putArchive(s3, source, `${prefix}/200.tar.gz`);
    const target = await makeChainHome(t);
    await writeSnapshot(target, 50, 100);
    const before = await describeTree(target.root);
    await assert.rejects(runRestore(target, at(prefix)), { code, retriable: false, message });
    assert.deepEqual(await describeTree(target.root), before);
  });
}

test('an archive without metadata.db is restored, and warns if the node is one of the SDK, whenever it is asked', async (t) => {
  const source = await makeChainHome(t);
  await writeListedHeights(source, '100:full,200:full');
  await runUpload(source, { ...at('bare'), includeMetadata: false });
  const comet = await makeChainHome(t);
  assert.deepEqual((await runRestore(comet, at('bare'))).warnings, []);
  const target = await makeChainHome(t);
  await writeFile(join(target.config, 'app.toml'), '');
  for (const outcome of ['changed', 'unchanged']) {
    const restored = await runRestore(target, at('bare'));
    assert.equal(restored.outcome, outcome);
    assert.equal(restored.output?.['metadata'], 'missing');
    assert.match(String(restored.warnings), /no metadata\.db: a node of the Cosmos SDK does not list the snapshot/);
  }
});

test('a snapshot whose chunks are gone since its restore is restored again', async (t) => {
  const source = await makeChainHome(t);
  await writeListedHeights(source, '100:full');
  await runUpload(source, at('gone'));
  const target = await makeChainHome(t);
  await runRestore(target, at('gone'));
  assert.equal((await runRestore(target, at('gone'))).outcome, 'unchanged');
  await rm(join(snapshotsOf(target), '100/1/2'));
  assert.equal((await runRestore(target, at('gone'))).outcome, 'changed');
});

for (const spec of [
  '100:full,200:full,300:full',
  '100:full,200:full,300:gone',
  '100:gone,200:full',
  '100:gone,200:gone',
  '100:gone',
  '100:full,200:partial,300:empty',
]) {
  test(`configure-state-sync decides on ${spec} as a Sei node would, by the model of its rule`, async (t) => {
    const home = await makeChainHome(t);
    await writeListedHeights(home, spec);
    const listed = (await listedHeights(snapshotsOf(home))).map((height) => ({ height, format: 1, chunks: 3 }));
    const verdict = await seiLocalStateSync(snapshotsOf(home), listed);
    const { signal } = new AbortController();
    const decided = await localSnapshot({ home, clock: systemClock, signal, logger: silentLogger }).then(
      ({ height }) => `syncs at height ${String(height)}`,
      (error: unknown) => {
        assert.ok(error instanceof TaskError && error.code === 'snapshot-incomplete', String(error));
        return 'refused';
      },
    );
    assert.equal(decided, verdict.startsWith('syncs') ? verdict : 'refused', verdict);
  });
}
