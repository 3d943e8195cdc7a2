import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import test from 'node:test';
import { gunzipSync, gzipSync, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { TaskError } from '@nodetask/shared';
import * as fc from 'fast-check';
import type { Codec } from './codec.ts';
import { codecs } from './codecs.ts';
import { compressStream } from './compress-stream.ts';
import { decompressStream } from './decompress-stream.ts';

const parallel = 3;

const inPieces = async function* (bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
};

const collect = async (chunks: AsyncIterable<Uint8Array>): Promise<Buffer> => {
  const all: Uint8Array[] = [];
  for await (const chunk of chunks) all.push(chunk);
  return Buffer.concat(all);
};

const compress = (codec: Codec, bytes: Uint8Array, piece = 100_003): Promise<Buffer> =>
  collect(compressStream(codec, inPieces(bytes, piece), parallel));
const decompress = (codec: Codec, bytes: Uint8Array, piece = 65_536): Promise<Buffer> =>
  collect(decompressStream(codec, inPieces(bytes, piece), parallel));

const text = Buffer.from('account balance 1234567usei\n'.repeat(150_000));
const mixed = Buffer.concat([text, randomBytes(3_000_000), text.subarray(0, 1_000_001)]);
const standard = { gzip: gunzipSync, zstd: zstdDecompressSync } as const;

const refused = (error: unknown): boolean => error instanceof TaskError && error.code === 'snapshot-invalid';

const failing = async function* (bytes: Buffer): AsyncGenerator<Buffer> {
  yield bytes.subarray(0, bytes.length - 5);
  throw new TaskError('object-changed', 'replaced');
};

for (const codec of Object.values(codecs)) {
  test(`${codec.name}: what is compressed comes back, here and in the usual reader`, async () => {
    for (const content of [Buffer.alloc(0), Buffer.from('x'), text, mixed]) {
      const compressed = await compress(codec, content);
      assert.ok((await decompress(codec, compressed)).equals(content));
      assert.ok(standard[codec.name](compressed).equals(content));
    }
    assert.ok((await compress(codec, text)).length < text.length / 10);
    assert.ok((await compress(codec, mixed)).length < 3_500_000, 'random bytes hardly grow');
  });

  test(`${codec.name}: pieces of any size make a stream of the same content`, async () => {
    const content = mixed.subarray(text.length - 700_000, text.length + 700_000);
    const expected = await compress(codec, content);
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 900, max: 2_000_000 }), async (piece) => {
        assert.ok((await decompress(codec, await compress(codec, content, piece))).equals(content));
        assert.ok((await decompress(codec, expected, piece)).equals(content));
      }),
      { numRuns: 20 },
    );
  });

  test(`${codec.name}: equal pieces make an equal stream`, async () => {
    assert.ok((await compress(codec, mixed)).equals(await compress(codec, mixed)));
  });

  test(`${codec.name}: a stream that is cut off is refused wherever the cut is`, async () => {
    const compressed = await compress(codec, mixed.subarray(text.length, text.length + 1_500_000));
    const ends = await decompress(codec, compressed);
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: compressed.length - 1 }), async (cut) => {
        const content = await decompress(codec, compressed.subarray(0, cut)).catch((error: unknown) => {
          assert.ok(refused(error), String(error));
          return undefined;
        });
        // Between two blocks a stream may end; the end of the archive in it is missing then.
        if (content !== undefined) assert.ok(content.length < ends.length);
      }),
      { numRuns: 60 },
    );
  });

  test(`${codec.name}: a flipped bit never yields other content`, async () => {
    const content = mixed.subarray(text.length - 300_000, text.length + 300_000);
    const compressed = await compress(codec, content);
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: compressed.length * 8 - 1 }), async (bit) => {
        const damaged = Buffer.from(compressed);
        damaged[bit >> 3] = (damaged[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        const read = await decompress(codec, damaged).catch((error: unknown) => {
          assert.ok(refused(error), String(error));
          return undefined;
        });
        // Some bits mean nothing, such as the time of a gzip member.
        if (read !== undefined) assert.ok(read.equals(content));
      }),
      { numRuns: 150 },
    );
  });

  test(`${codec.name}: a block that claims to be huge is refused before it is read`, async () => {
    const head = Buffer.from((await compress(codec, Buffer.from('x'))).subarray(0, codec.announcementBytes));
    head.writeUInt32LE(0xffff_0000, codec.announcementBytes - 4);
    await assert.rejects(decompress(codec, Buffer.concat([head, Buffer.alloc(1000)])), refused);
  });

  test(`${codec.name}: blocks that hold nothing are refused before there are many`, async () => {
    const empty = await compress(codec, Buffer.alloc(0));
    let taken = 0;
    const endless = async function* (): AsyncGenerator<Buffer> {
      for (; taken < 1_000_000; taken++) yield Buffer.from(empty);
    };
    await assert.rejects(collect(decompressStream(codec, endless(), parallel)), {
      message: /blocks that hold nothing/,
    });
    assert.ok(taken < 100, String(taken));
  });

  test(`${codec.name}: an error of the source stays what it is`, async () => {
    for (const bytes of [
      await compress(codec, mixed),
      codec.name === 'gzip' ? gzipSync(mixed) : zstdCompressSync(mixed),
    ]) {
      await assert.rejects(collect(decompressStream(codec, failing(bytes), parallel)), { code: 'object-changed' });
      await assert.rejects(collect(compressStream(codec, failing(bytes), parallel)), { code: 'object-changed' });
    }
  });
}

test('streams of other programs are read, joined ones too', async () => {
  const joinedGzip = Buffer.concat([gzipSync(text), gzipSync(mixed)]);
  assert.ok((await decompress(codecs.gzip, joinedGzip)).equals(Buffer.concat([text, mixed])));
  const joinedZstd = Buffer.concat([zstdCompressSync(text), zstdCompressSync(mixed)]);
  assert.ok((await decompress(codecs.zstd, joinedZstd)).equals(Buffer.concat([text, mixed])));
  const ours = await compress(codecs.gzip, text);
  assert.ok(
    (await decompress(codecs.gzip, Buffer.concat([ours, gzipSync(mixed)]))).equals(Buffer.concat([text, mixed])),
  );
});

/** A zstd frame (RFC 8878) of 1,000 letters that says how large a window its reader needs. */
const frameWithWindow = (log: number): Buffer => {
  const lastRunOf1000 = 1 | (1 << 1) | (1_000 << 3);
  return Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0, (log - 10) << 3, lastRunOf1000 & 255, lastRunOf1000 >> 8, 0, 0x61]);
};

test('zstd: a window of up to 128 MiB is read, a larger one is refused', async () => {
  for (const log of [10, 27]) assert.equal((await decompress(codecs.zstd, frameWithWindow(log))).length, 1_000);
  for (const log of [28, 31]) await assert.rejects(decompress(codecs.zstd, frameWithWindow(log)), refused);
});

/** A zstd frame of one segment, which says in four bytes how large its content is. */
const frameOfSegment = (bytes: number): Buffer => {
  const size = Buffer.alloc(4);
  size.writeUInt32LE(bytes);
  return Buffer.concat([Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0xa0]), size, Buffer.from([0x01, 0, 0])]);
};

for (const [what, frame, says] of [
  ['of 256 MiB', frameWithWindow(28), /window of 256 MiB \(--long=28\), and at most 128 MiB are read \(--long=27\)/],
  ['of 2 GiB', frameWithWindow(31), /window of 2048 MiB \(--long=31\)/],
  ['of one segment of 200 MB', frameOfSegment(200_000_000), /window of 191 MiB \(--long=28\)/],
  ['after a skippable frame', announced(frameWithWindow(30)).fill(0x51, 0, 1), /window of 1024 MiB \(--long=30\)/],
  [
    'in the second frame',
    Buffer.concat([frameWithWindow(20), frameWithWindow(29)]),
    /a frame that needs a larger zstd window/,
  ],
] as const) {
  test(`zstd: an archive with a window ${what} is not called damaged, and what to do is said`, async () => {
    await assert.rejects(decompress(codecs.zstd, frame), (error) => {
      assert.ok(refused(error) && error instanceof TaskError);
      assert.match(error.message, says);
      assert.match(error.message, /compress it anew with --long=27 or less, or without --long; nothing was changed$/);
      assert.doesNotMatch(error.message, /damaged/);
      return true;
    });
  });
}

/** After a skippable frame with its size, as this program and pzstd write it. */
function announced(frame: Buffer): Buffer {
  return Buffer.concat([Buffer.from([0x50, 0x2a, 0x4d, 0x18, 4, 0, 0, 0, frame.length, 0, 0, 0]), frame]);
}

test('zstd: a window of an announced block is no larger than a block may be', async () => {
  assert.equal((await decompress(codecs.zstd, announced(frameWithWindow(23)))).length, 1_000);
  await assert.rejects(decompress(codecs.zstd, announced(frameWithWindow(24))), {
    code: 'snapshot-invalid',
    message: /window of 16 MiB \(--long=24\), and at most 8 MiB .* pzstd .*: compress it anew with zstd/,
  });
});

test('what is not compressed at all is refused', async () => {
  for (const codec of Object.values(codecs)) await assert.rejects(decompress(codec, text), refused);
});
