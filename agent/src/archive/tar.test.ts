import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { lstat, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { TaskError } from '@nodetask/shared';
import * as fc from 'fast-check';
import { ByteQueue } from './byte-queue.ts';
import { readTar } from './read-tar.ts';
import { checksum, endOfArchive, paddingAfter, type TarEntry, tarHeader } from './tar-header.ts';

const entryOf = (path: string, more: Partial<TarEntry> = {}): TarEntry => ({
  path,
  type: 'file',
  mode: 0o640,
  uid: 1000,
  gid: 1000,
  mtime: 1_700_000_000,
  bytes: 0,
  ...more,
});

const pack = (...files: readonly { readonly entry: TarEntry; readonly content?: Buffer }[]): Buffer =>
  Buffer.concat([
    ...files.flatMap(({ entry, content = Buffer.alloc(0) }) => [
      tarHeader({ ...entry, bytes: content.length }),
      content,
      Buffer.alloc(paddingAfter(content.length)),
    ]),
    endOfArchive,
  ]);

const queueOf = (bytes: Uint8Array, piece: number): ByteQueue =>
  new ByteQueue(
    (async function* () {
      for (let at = 0; at < bytes.length; at += piece) yield bytes.subarray(at, at + piece);
    })(),
  );

/** Paths with modes and contents, as read. */
const read = async (archive: Uint8Array, piece = 700): Promise<Map<string, { mode: number; content?: Buffer }>> => {
  const files = new Map<string, { mode: number; content?: Buffer }>();
  let last: { mode: number; content?: Buffer } = { mode: 0 };
  for await (const event of readTar(queueOf(archive, piece))) {
    if (event.kind === 'data') {
      last.content = Buffer.concat([last.content ?? Buffer.alloc(0), event.chunk]);
      continue;
    }
    last = { mode: event.mode, ...(event.kind === 'file' ? { content: Buffer.alloc(0) } : {}) };
    files.set(event.segments.join('/'), last);
  }
  return files;
};

const refused = (pattern: RegExp) => (error: unknown) => {
  assert.ok(error instanceof TaskError && error.code === 'snapshot-invalid', String(error));
  assert.match(error.message, pattern);
  return true;
};

const segment = fc
  .string({
    unit: fc.constantFrom('a', 'B', '.', '-', ' ', 'é', '漢', '😀', '\\', '\n', '"'),
    minLength: 1,
    maxLength: 40,
  })
  .filter((name) => name !== '.' && name !== '..' && Buffer.byteLength(name) <= 255);

test('names of every kind, sizes and modes come back', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(segment, { minLength: 1, maxLength: 6 }),
      fc.uint8Array({ maxLength: 2_000 }),
      fc.integer({ min: 0, max: 0o777 }),
      fc.integer({ min: 1, max: 5_000 }),
      async (segments, content, mode, piece) => {
        const path = segments.join('/');
        const archive = pack({ entry: entryOf(path, { mode }), content: Buffer.from(content) });
        const files = await read(archive, piece);
        assert.deepEqual([...files.keys()], [path]);
        assert.deepEqual(files.get(path), { mode, content: Buffer.from(content) });
      },
    ),
    { numRuns: 200 },
  );
});

test('owners and sizes that do not fit an octal field go into a pax header', async () => {
  const large = entryOf('big', { uid: 4_000_000_000, gid: 3_000_000, bytes: 10 * 1024 ** 3 });
  const header = tarHeader(large);
  assert.match(header.toString('latin1'), /size=10737418240\n/);
  assert.match(header.toString('latin1'), /uid=4000000000\n/);
  const events = readTar(queueOf(header, 512));
  const { value } = await events.next();
  assert.ok(value?.kind === 'file');
  assert.equal(value.bytes, 10 * 1024 ** 3);
  await events.return();
});

test('the tar program unpacks what is packed here, and what it packs is read here', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'nodetask-tar-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const long = `${'deep-folder-name/'.repeat(12)}file`;
  const archive = pack(
    { entry: entryOf('100', { type: 'directory', mode: 0o750 }) },
    { entry: entryOf('100/漢字 é.bin'), content: Buffer.from('utf-8') },
    { entry: entryOf('.hidden', { mode: 0o600 }), content: Buffer.alloc(513, 1) },
    { entry: entryOf(long), content: Buffer.from('long') },
    { entry: entryOf('empty') },
  );
  const out = join(folder, 'out');
  await mkdir(out);
  execFileSync('tar', ['-x', '-p', '-C', out], { input: archive });
  assert.equal(await readFile(join(out, '100/漢字 é.bin'), 'utf8'), 'utf-8');
  assert.equal(await readFile(join(out, long), 'utf8'), 'long');
  assert.equal((await lstat(join(out, '.hidden'))).mode & 0o777, 0o600);
  assert.equal((await lstat(join(out, '100'))).mode & 0o777, 0o750);
  assert.deepEqual((await readdir(out)).toSorted(), ['.hidden', '100', 'deep-folder-name', 'empty']);

  for (const format of ['ustar', 'pax', 'gnu', 'v7']) {
    if (format === 'v7' || format === 'ustar')
      await rm(join(out, 'deep-folder-name'), { recursive: true, force: true });
    else await mkdir(join(out, 'deep-folder-name/'.repeat(12)), { recursive: true });
    if (format === 'pax' || format === 'gnu') await writeFile(join(out, long), 'long');
    const files = await read(execFileSync('tar', ['-c', `--format=${format}`, '-C', out, '.']));
    assert.equal(files.get('100/漢字 é.bin')?.content?.toString(), 'utf-8', format);
    assert.equal(files.get('.hidden')?.content?.length, 513, format);
    assert.equal(
      files.get(long)?.content?.toString(),
      format === 'pax' || format === 'gnu' ? 'long' : undefined,
      format,
    );
    assert.equal(files.get('empty')?.content?.length, 0, format);
  }
});

/** A header with fields of the test's choice and a right checksum. */
const craft = (name: string, flag: string, size = '0', prefix = ''): Buffer => {
  const header = tarHeader(entryOf('x'));
  header.fill(0, 0, 100);
  header.write(name, 0, 100, 'latin1');
  header.write(prefix, 345, 155, 'latin1');
  header.write(`${size.padStart(11, '0')}\0`, 124, 'latin1');
  header.write(flag, 156, 'latin1');
  header.write(`${checksum(header).toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return header;
};

const pax = (record: string): Buffer =>
  Buffer.concat([
    craft('p', 'x', record.length.toString(8)),
    Buffer.from(record),
    Buffer.alloc(paddingAfter(record.length)),
  ]);

const record = (key: string, value: string): string => {
  const rest = ` ${key}=${value}\n`.length;
  return `${rest + 2 > 99 ? rest + 3 : rest + 2} ${key}=${value}\n`;
};

const hostile: readonly (readonly [what: string, archive: readonly Buffer[], says: RegExp])[] = [
  ['..', [craft('../evil', '0')], /name with "\.\."/],
  ['.. inside', [craft('a/../../evil', '0')], /name with "\.\."/],
  ['.. in the prefix', [craft('evil', '0', '0', '../..')], /name with "\.\."/],
  ['.. in a pax header', [pax(record('path', '../../etc/evil')), craft('x', '0')], /name with "\.\."/],
  ['a folder ..', [craft('..', '5')], /name with "\.\."/],
  ['an absolute name', [craft('/etc/passwd', '0')], /absolute name/],
  ['an absolute name in a pax header', [pax(record('path', '/etc/passwd')), craft('x', '0')], /absolute name/],
  ['NUL in a pax name', [pax(record('path', 'a\0b')), craft('x', '0')], /NUL/],
  ['a symbolic link out', [craft('link', '2')], /a symbolic link "link"/],
  ['a hard link', [craft('link', '1')], /a hard link "link"/],
  ['a character device', [craft('null', '3')], /a device/],
  ['a block device', [craft('sda', '4')], /a device/],
  ['a FIFO', [craft('pipe', '6')], /a FIFO/],
  ['a GNU sparse file', [craft('sparse', 'S')], /a sparse file/],
  ['a pax sparse file', [pax(record('GNU.sparse.realsize', '99999999')), craft('x', '0')], /sparse file/],
  ['an unknown kind', [craft('x', 'Z')], /unknown kind "Z"/],
  ['a name that is not UTF-8', [craft('\u00ff\u00fe', '0')], /not UTF-8/],
  ['a part too long for a file system', [pax(record('path', 'a'.repeat(300))), craft('x', '0')], /more than 255 bytes/],
  ['endless folders', [pax(record('path', 'a/'.repeat(100))), craft('x', '0')], /more than 64 folders/],
  ['a folder with content', [craft('x', '5', '1000')], /folder with content/],
  ['a size that is no number', [craft('x', '0', 'zzz')], /number that is none/],
  ['a pax size that is no number', [pax(record('size', '-5')), craft('x', '0')], /size that is none/],
  ['a damaged pax header', [pax('99 path=x\n'), craft('x', '0')], /damaged pax header/],
  ['a huge pax header', [craft('x', 'x', '77777777')], /more than the 65536/],
  [
    'a wrong checksum',
    [Buffer.concat([craft('x', '0').subarray(0, 148), Buffer.from('0000000\0'), craft('x', '0').subarray(156)])],
    /wrong checksum/,
  ],
  ['a file that is cut off', [craft('x', '0', '77777'), Buffer.alloc(600)], /cut off|goes on/],
  ['bytes after the end', [endOfArchive, Buffer.from('hello')], /after its end/],
  ['an entry after the end', [endOfArchive, craft('x', '0')], /after its end/],
];

test('hostile entries are refused by name', async (t) => {
  for (const [what, archive, says] of hostile) {
    await t.test(what, async () => {
      const bytes = Buffer.concat([...archive, ...(what.includes('end') ? [] : [endOfArchive])]);
      await assert.rejects(read(bytes), refused(says));
    });
  }
});

test('padding after the end is read up to a megabyte, as GNU tar may write it, and no further', async () => {
  let taken = 0;
  const ended = pack({ entry: entryOf('a'), content: Buffer.from('a') });
  const padded = async function* (bytes: number): AsyncGenerator<Buffer> {
    yield ended;
    for (taken = 0; taken < bytes; taken += 65_536) yield Buffer.alloc(65_536);
  };
  const unpack = async (bytes: number): Promise<number> => {
    let events = 0;
    for await (const _ of readTar(new ByteQueue(padded(bytes)))) events += 1;
    return events;
  };
  assert.equal(await unpack(1024 * 1024), 2);
  await assert.rejects(unpack(Infinity), refused(/more than 1048576 bytes of padding after its end/));
  assert.ok(taken < 1_300_000, String(taken));
});

test('an archive without its end is refused, also where it is cut between two entries', async () => {
  const archive = pack({ entry: entryOf('a'), content: Buffer.from('a') }, { entry: entryOf('b') });
  for (let cut = 0; cut < archive.length - 1024; cut += 64) {
    await assert.rejects(read(archive.subarray(0, cut)), refused(/cut off/), String(cut));
  }
});

test('random bytes never do anything but be refused', async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ minLength: 512, maxLength: 3_000 }), async (bytes) => {
      if (bytes.subarray(0, 512).every((byte) => byte === 0)) return;
      await assert.rejects(read(bytes), refused(/./));
    }),
  );
});
