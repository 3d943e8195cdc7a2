import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { cp, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { constants, createGzip, gzipSync, zstdCompressSync } from 'node:zlib';
import { bytesText, TaskError } from '@nodetask/shared';
import * as fc from 'fast-check';
import { endOfArchive, paddingAfter, type TarEntry, tarHeader } from '../src/archive/tar-header.ts';
import { collect, startTestS3, testBucket as bucket } from './support/object-store.ts';
import { chainId, describeTree, makeChainHome, runRestore, runUpload, writeSnapshot } from './support/snapshot-home.ts';

const s3 = await startTestS3();
const at = (prefix: string, endpoint = s3.endpoint) => ({ ...s3.params(bucket, endpoint), prefix });

const entry = (path: string, bytes = 0, more: Partial<TarEntry> = {}): Buffer =>
  tarHeader({ path, type: 'file', mode: 0o644, uid: 0, gid: 0, mtime: 0, bytes, ...more });

const file = (path: string, content: string | Buffer): Buffer => {
  const bytes = Buffer.from(content);
  return Buffer.concat([entry(path, bytes.length), bytes, Buffer.alloc(paddingAfter(bytes.length))]);
};

/** An archive of the snapshot 7 that has more in it. */
const archiveWith = (...more: readonly Buffer[]): Buffer =>
  Buffer.concat([file('7/1/0', 'chunk'), ...more, endOfArchive]);

/** A header of another kind, with a right checksum. */
const ofKind = (flag: string, path: string, target = '', bytes = 0): Buffer => {
  const header = Buffer.from(entry(path, bytes));
  header.write(flag, 156, 'latin1');
  header.write(target, 157, 'latin1');
  header.fill(' ', 148, 156);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return header;
};

/** A header that says something about the entries after it, in so many bytes. */
const pax = (flag: 'x' | 'g', bytes: number): Buffer => ofKind(flag, 'pax', '', bytes);

interface Refusal {
  readonly code: string;
  readonly says?: RegExp;
  readonly params?: object;
}

/** A restore that must fail as said, and change nothing. */
const assertRefused = async (
  t: TestContext,
  prefix: string,
  { code, says = /./, params = {} }: Refusal,
): Promise<void> => {
  const home = await makeChainHome(t);
  await writeSnapshot(home, 50, 1_000);
  const before = await describeTree(home.root);
  await assert.rejects(runRestore(home, { ...at(prefix), ...params }), (error) => {
    assert.ok(error instanceof TaskError, String(error));
    assert.equal(error.code, code, error.message);
    assert.match(error.message, says);
    return true;
  });
  assert.deepEqual(await describeTree(home.root), before);
};

const huge = 20 * 1024 ** 4;

const hostile: Readonly<Record<string, { readonly tar: Buffer; readonly says: RegExp; readonly code?: string }>> = {
  'a name with ..': { tar: archiveWith(file('7/../../../evil', 'x')), says: /"\.\."/ },
  'an absolute name': { tar: archiveWith(file('/tmp/evil', 'x')), says: /absolute/ },
  'a link out and a file through it': {
    tar: archiveWith(ofKind('2', '7/out', '/tmp'), file('7/out/evil', 'x')),
    says: /symbolic link "7\/out"/,
  },
  'a link inside': { tar: archiveWith(ofKind('2', '7/in', '1/0')), says: /symbolic link/ },
  'a hard link out': { tar: archiveWith(ofKind('1', '7/passwd', '/etc/passwd')), says: /hard link/ },
  'a device': { tar: archiveWith(ofKind('3', '7/null')), says: /device/ },
  'a sparse file': { tar: archiveWith(ofKind('S', '7/sparse')), says: /sparse/ },
  'a file that claims to be huge': {
    tar: archiveWith(entry('7/huge', huge)),
    code: 'disk-full',
    says: /unpacks to more/,
  },
  'a file twice': { tar: archiveWith(file('7/1/0', 'again')), says: /twice/ },
  'a file below a file': { tar: archiveWith(file('7/1/0/below', 'x')), says: /in the place of a folder/ },
  'a folder in the place of a file': { tar: archiveWith(entry('7/1/0', 0, { type: 'directory' })), says: /twice/ },
  'no folder of the height': { tar: Buffer.concat([file('8/1/0', 'x'), endOfArchive]), says: /no folder 7/ },
  'nothing at all': { tar: endOfArchive, says: /no folder 7/ },
  'no end': { tar: file('7/1/0', 'chunk'), says: /cut off/ },
  'something after the end': { tar: Buffer.concat([archiveWith(), file('7/late', 'x')]), says: /after its end/ },
};

for (const [what, { tar, says, code = 'snapshot-invalid' }] of Object.entries(hostile)) {
  test(`an archive with ${what} is refused, and nothing changes`, async (t) => {
    const prefix = what.replaceAll(/[^a-z]/g, '-');
    await s3.files.put(bucket, `${prefix}/7.tar.gz`, gzipSync(tar));
    await assertRefused(t, prefix, { code, says });
  });
}

test('bombs end at the budget: of bytes, and of entries', async (t) => {
  // A few kilobytes that would unpack to 4 GiB of zeros, with a budget of 64 MiB.
  const gzip = createGzip({ level: constants.Z_BEST_COMPRESSION });
  const compressed = collect<Buffer>(gzip);
  gzip.write(file('7/1/0', 'chunk'));
  gzip.write(entry('7/bomb', 64 * 1024 ** 2));
  const zeros = Buffer.alloc(16 * 1024 ** 2);
  for (let written = 0; written < 4; written++) gzip.write(zeros);
  gzip.write(entry('7/bomb2', 4 * 1024 ** 3));
  gzip.end(zeros);
  await s3.files.put(bucket, 'bomb/7.tar.gz', Buffer.concat(await compressed));
  const home = await makeChainHome(t);
  const space = { freeBytes: 100 * 1024 ** 2, totalBytes: 720 * 1024 ** 2, freeEntries: Infinity };
  const volumeSpace = (): Promise<typeof space> => Promise.resolve(space);
  await assert.rejects(runRestore(home, at('bomb'), { volumeSpace }), {
    code: 'disk-full',
    message: /than the 67 MB that/,
  });
  assert.deepEqual(await readdir(home.data), []);

  const entries = Array.from({ length: 2_000 }, (_, index) => entry(`7/e${String(index)}`));
  await s3.files.put(bucket, 'many/7.tar.gz', gzipSync(archiveWith(...entries)));
  const few = { ...space, freeEntries: 1_000 };
  await assert.rejects(runRestore(home, at('many'), { volumeSpace: () => Promise.resolve(few) }), {
    code: 'snapshot-invalid',
    message: /more than 900 files and folders/,
  });
  assert.deepEqual(await readdir(home.data), []);
});

/** Ten million entries in less than a megabyte: a thousand frames of the same ten thousand. */
const tenMillion = (repeated: Buffer, before: readonly Buffer[]): Buffer => {
  const frame = zstdCompressSync(Buffer.concat(Array.from({ length: 10_000 }, () => repeated)));
  return Buffer.concat([
    zstdCompressSync(file('7/1/0', 'chunk')),
    zstdCompressSync(Buffer.concat(before)),
    ...Array.from({ length: 1_000 }, () => frame),
    zstdCompressSync(endOfArchive),
  ]);
};

// The same file twice would be refused by itself: the first three thousand have names of their own.
const distinct = Array.from({ length: 3_000 }, (_, index) => entry(`7/e${index}`));

for (const [what, bytes, first, says] of [
  ['files', entry('7/one'), distinct, /more than 1800 files and folders/],
  ['times the same folder', entry('7/1', 0, { type: 'directory' }), [], /more than 1800 files and folders/],
  ['comments', ofKind('g', 'pax_global_header'), [], /more than 16 headers before one entry/],
] as const) {
  test(`an archive of ten million ${what} ends at the budget of entries`, async (t) => {
    const prefix = what.replaceAll(' ', '-');
    const archive = tenMillion(bytes, first);
    assert.ok(archive.length < 8 * 1024 ** 2, `${archive.length} bytes`);
    await s3.files.put(bucket, `${prefix}/7.tar.zst`, archive);
    const home = await makeChainHome(t);
    await writeSnapshot(home, 50, 1_000);
    const before = await describeTree(home.root);
    const space = { freeBytes: 1024 ** 3, totalBytes: 1024 ** 3, freeEntries: 2_000 };
    await assert.rejects(runRestore(home, at(prefix), { volumeSpace: () => Promise.resolve(space) }), {
      code: 'snapshot-invalid',
      message: says,
    });
    assert.deepEqual(await describeTree(home.root), before);
  });
}

test('bytes that belong to no file end at a bound: padding after the end, and headers that say nothing', async (t) => {
  const space = { freeBytes: 64 * 1024 ** 2, totalBytes: 64 * 1024 ** 2, freeEntries: 1_000 };
  const restoreOf = async (prefix: string, archive: Buffer): Promise<void> => {
    await s3.files.put(bucket, `${prefix}/7.tar.zst`, archive);
    await runRestore(await makeChainHome(t), at(prefix), { volumeSpace: () => Promise.resolve(space) });
  };
  // Six gigabytes of zeros, which would take eight seconds to decompress.
  const zeros = zstdCompressSync(Buffer.alloc(16 * 1024 ** 2));
  const tail = Buffer.concat([zstdCompressSync(archiveWith()), ...Array.from({ length: 384 }, () => zeros)]);
  assert.ok(tail.length < 1024 ** 2, `${tail.length} bytes`);
  await assert.rejects(restoreOf('tail', tail), { code: 'snapshot-invalid', message: /1048576 bytes of padding/ });

  const comment = Buffer.concat([pax('g', 64 * 1024), Buffer.alloc(64 * 1024, ' ')]);
  const comments = Array.from({ length: 16 }, () => comment);
  const members = Array.from({ length: 200 }, (_, index) => Buffer.concat([...comments, entry(`7/e${index}`)]));
  const headers = Buffer.concat([
    zstdCompressSync(file('7/1/0', 'chunk')),
    ...members.map((member) => zstdCompressSync(member)),
    zstdCompressSync(endOfArchive),
  ]);
  await assert.rejects(restoreOf('headers', headers), {
    code: 'snapshot-invalid',
    message: /has more than \d+ bytes, most of them in no file/,
  });
});

test('folders with the longest names that there are do not fill the memory', async (t) => {
  const deep = `${'x'.repeat(255)}/`.repeat(15);
  const folders = Array.from({ length: 6_000 }, (_, index) => {
    const name = Buffer.from(`7/${deep}${index}`);
    const record = ` path=${name.toString()}\n`;
    const records = Buffer.from(`${record.length + 4}${record}`);
    return Buffer.concat([
      pax('x', records.length),
      records,
      Buffer.alloc(paddingAfter(records.length)),
      entry('x', 0, { type: 'directory' }),
    ]);
  });
  await s3.files.put(bucket, 'names/7.tar.gz', gzipSync(archiveWith(...folders)));
  await assertRefused(t, 'names', {
    code: 'snapshot-invalid',
    says: /paths have more than 16777216 characters together/,
  });
});

test('an archive that is larger than the volume is not read, whatever its manifest says of its content', async (t) => {
  const archive = gzipSync(archiveWith(file('7/1/1', randomBytes(2_000_000))), { level: 0 });
  await s3.files.put(bucket, 'liar/7.tar.gz', archive);
  const manifest = {
    height: 7,
    chainId,
    key: 'liar/7.tar.gz',
    size: archive.length,
    sha256: createHash('sha256').update(archive).digest('hex'),
    compression: 'gzip',
    createdAt: '2026-01-01T00:00:00.000Z',
    unpackedBytes: 1,
  };
  await s3.files.put(bucket, 'liar/7.manifest.json', Buffer.from(JSON.stringify(manifest)));
  const space = { freeBytes: 1_000_000, totalBytes: 1_000_000, freeEntries: Infinity };
  let updates = 0;
  await assert.rejects(
    runRestore(await makeChainHome(t), at('liar'), {
      volumeSpace: () => Promise.resolve(space),
      onProgress: () => updates++,
    }),
    { code: 'disk-full', message: new RegExp(`needs at least ${bytesText(archive.length)}, `) },
  );
  assert.equal(updates, 0);
});

test('a snapshot that does not fit is refused before anything is downloaded', async (t) => {
  const source = await makeChainHome(t);
  for (const height of [7, 8]) await writeSnapshot(source, height, 100_000);
  await runUpload(source, at('fit'));
  const home = await makeChainHome(t);
  const full = { freeBytes: 1_000_000, totalBytes: 10_000_000, freeEntries: Infinity };
  let updates = 0;
  await assert.rejects(
    runRestore(home, at('fit'), { volumeSpace: () => Promise.resolve(full), onProgress: () => updates++ }),
    (error) => {
      assert.ok(error instanceof TaskError && error.code === 'disk-full' && error.retriable);
      assert.match(
        error.message,
        /needs at least \S+ .?B, and .* has 1\.0 MB free, of which 500 kB are left to the node/,
      );
      return true;
    },
  );
  assert.equal(updates, 0);
});

test('an archive that was damaged or cut off on its way is refused, wherever that was', async (t) => {
  const tar = archiveWith(file('7/1/1', randomBytes(300_000)), file('7/1/2', 'text '.repeat(50_000)));
  for (const [extension, compress] of [
    ['tar.gz', gzipSync],
    ['tar.zst', (bytes: Buffer) => zstdCompressSync(bytes, { params: { [constants.ZSTD_c_checksumFlag]: 1 } })],
  ] as const) {
    const good = compress(tar);
    for (const share of [0.001, 0.3, 0.6, 0.95, 0.9999]) {
      const place = Math.floor(share * good.length);
      const flipped = Buffer.from(good);
      flipped[place] = (flipped[place] ?? 0) ^ 0x10;
      await s3.files.put(bucket, `damaged/7.${extension}`, flipped);
      await assertRefused(t, 'damaged', { code: 'snapshot-invalid' });
      await s3.files.put(bucket, `damaged/7.${extension}`, good.subarray(0, place));
      await assertRefused(t, 'damaged', { code: 'snapshot-invalid' });
    }
    await s3.files.put(bucket, `damaged/7.${extension}`, Buffer.concat([good, Buffer.from('trailing bytes')]));
    await assertRefused(t, 'damaged', { code: 'snapshot-invalid' });
    await s3.files.delete(bucket, `damaged/7.${extension}`);
  }
});

test('bits that flip and streams that end anywhere restore the right content or nothing', async (t) => {
  const tar = archiveWith(file('7/1/1', randomBytes(20_000)), file('7/1/2', 'text '.repeat(5_000)));
  const source = await makeChainHome(t);
  await s3.files.put(bucket, 'flips-good/7.tar.gz', gzipSync(tar));
  await runRestore(source, at('flips-good'));
  const right = await describeTree(join(source.data, 'snapshots'));
  const pristine = await makeChainHome(t);
  await writeSnapshot(pristine, 50, 1_000);
  const home = await makeChainHome(t);
  const reset = async (): Promise<void> => {
    await rm(home.data, { recursive: true });
    await cp(pristine.data, home.data, { recursive: true });
  };
  await reset();
  const old = await describeTree(home.data);
  const damage = fc.record({
    flips: fc.array(fc.record({ at: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), bit: fc.nat(7) }), {
      maxLength: 3,
    }),
    keep: fc.oneof(fc.constant(1), fc.double({ min: 0, max: 1, noNaN: true })),
  });
  for (const [extension, good] of [
    ['tar.gz', gzipSync(tar)],
    ['tar.zst', zstdCompressSync(tar, { params: { [constants.ZSTD_c_checksumFlag]: 1 } })],
  ] as const) {
    const seen = { refused: 0, right: 0 };
    await fc.assert(
      fc.asyncProperty(damage, async ({ flips, keep }) => {
        const bytes = Buffer.from(good.subarray(0, Math.ceil(keep * good.length)));
        for (const { at: share, bit } of flips) {
          const place = Math.floor(share * bytes.length);
          if (place < bytes.length) bytes[place] = (bytes[place] ?? 0) ^ (1 << bit);
        }
        await s3.files.put(bucket, `flips/7.${extension}`, bytes);
        try {
          await runRestore(home, { ...at('flips'), force: true });
        } catch (error) {
          assert.ok(error instanceof TaskError && error.code === 'snapshot-invalid', String(error));
          assert.deepEqual(await describeTree(home.data), old);
          seen.refused++;
          return;
        }
        // A flip in what no reader looks at, such as the time in the header of gzip.
        assert.deepEqual(await describeTree(join(home.data, 'snapshots')), right);
        await reset();
        seen.right++;
      }),
      { numRuns: 60, examples: [[{ flips: [], keep: 1 }], [{ flips: [], keep: 0 }]] },
    );
    assert.ok(seen.refused > 0 && seen.right > 0, JSON.stringify(seen));
    await s3.files.delete(bucket, `flips/7.${extension}`);
  }
});

test('a whole archive that is another one than expected is refused: by its hash, its size, its chain', async (t) => {
  const archive = gzipSync(archiveWith());
  const sha256 = createHash('sha256').update(archive).digest('hex');
  const manifest = {
    height: 7,
    chainId,
    key: 'elsewhere/7.tar.gz',
    size: archive.length,
    sha256,
    compression: 'gzip',
    createdAt: '2026-01-01T00:00:00.000Z',
  };
  const publish = async (change: object): Promise<void> => {
    await s3.files.put(bucket, 'other/7.tar.gz', archive);
    await s3.files.put(bucket, 'other/7.manifest.json', JSON.stringify({ ...manifest, ...change }));
  };
  const wrong = 'f'.repeat(64);
  await publish({ sha256: wrong });
  await assertRefused(t, 'other', { code: 'hash-mismatch', says: new RegExp(`${sha256}, and ${wrong} is expected`) });
  await publish({ size: archive.length + 1 });
  await assertRefused(t, 'other', { code: 'hash-mismatch', says: /its manifest says/ });
  await publish({ chainId: 'other-chain-9' });
  await assertRefused(t, 'other', { code: 'chain-mismatch', says: /other-chain-9/ });
  await publish({});
  await assertRefused(t, 'other', { code: 'hash-mismatch', params: { sha256: wrong } });
  await publish({ key: '../../secret' });
  await assertRefused(t, 'other', { code: 'object-store-invalid', says: /no name of one/ });
  await publish({ height: 8 });
  await assertRefused(t, 'other', { code: 'object-store-invalid', says: /no manifest of the snapshot 7/ });
  await s3.files.put(bucket, 'other/7.manifest.json', 'not json');
  await assertRefused(t, 'other', { code: 'object-store-invalid' });
  // With all of it right, the same archive is taken; the manifest may come from a copy of the bucket.
  await publish({});
  const home = await makeChainHome(t);
  assert.equal((await runRestore(home, { ...at('other'), sha256 })).outcome, 'changed');
});

test('the snapshot is found by latest.txt, by the height, in either naming, over more than a page of other objects', async (t) => {
  const archiveOf = (height: number): Buffer =>
    gzipSync(Buffer.concat([file(`${height}/0`, String(height)), endOfArchive]));
  await s3.files.put(bucket, `find/snapshot_300_${chainId}_eu-central-1.tar.gz`, archiveOf(300));
  await s3.files.put(bucket, 'find/snapshot_350_other-chain_eu-central-1.tar.gz', archiveOf(350));
  await s3.files.put(bucket, 'find/100.tar.gz', archiveOf(100));
  await s3.files.put(bucket, 'find/200.tar.zst', zstdCompressSync(Buffer.concat([file('200/0', 'x'), endOfArchive])));
  for (let index = 0; index < 1_010; index += 10) {
    await Promise.all(
      Array.from({ length: 10 }, (_, more) => s3.files.put(bucket, `find/0-other-${String(index + more)}`, 'x')),
    );
  }
  await s3.files.put(bucket, 'find/below/900.tar.gz', archiveOf(900));
  const restored = async (params: object): Promise<unknown> =>
    (await runRestore(await makeChainHome(t), { ...at('find'), ...params })).output?.['height'];
  assert.equal(await restored({}), 300);
  assert.equal(await restored({ targetHeight: 299 }), 200);
  assert.equal(await restored({ targetHeight: 199 }), 100);
  await assertRefused(t, 'find', {
    code: 'object-missing',
    says: /at or below the height 99/,
    params: { targetHeight: 99 },
  });
  await s3.files.put(bucket, 'find/latest.txt', '100\n');
  assert.equal(await restored({}), 100);
  await s3.files.put(bucket, 'find/latest.txt', '300');
  assert.equal(await restored({}), 300);
  await s3.files.put(bucket, 'find/latest.txt', '350');
  await assertRefused(t, 'find', { code: 'object-missing', says: /height 350 that latest\.txt names/ });
  await s3.files.put(bucket, 'find/latest.txt', '<html>');
  await assertRefused(t, 'find', { code: 'object-store-invalid', says: /<html>.*no height/ });
  await assertRefused(t, 'empty', { code: 'object-missing', says: /no snapshot of test-chain-1/ });
});
