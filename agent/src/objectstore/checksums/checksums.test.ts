import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { describe, it } from 'node:test';
import { crc32 } from 'node:zlib';
import { crc32c, crc64nvme } from './crc.ts';
import { runningChecksum } from './running-checksum.ts';
import { type Algorithm, equalParts, storedChecksum } from './stored-checksum.ts';

const digits = Buffer.from('123456789');

describe('CRC-32C and CRC-64/NVME', () => {
  it('have the check values of their definitions', () => {
    for (const [make, value] of [
      [crc32c, 'e3069283'],
      [crc64nvme, 'ae8b14860a799888'],
    ] as const) {
      const crc = make();
      crc.update(digits);
      assert.equal(crc.end().toString('hex'), value);
    }
  });

  it('of nothing are zero', () => {
    assert.equal(crc32c().end().toString('hex'), '00000000');
    assert.equal(crc64nvme().end().toString('hex'), '0000000000000000');
  });

  it('are those of their definitions, bit by bit, for pieces of any length at any place in memory', () => {
    const content = randomBytes(256);
    for (const [make, bits, polynomial] of [
      [crc32c, 32n, 0x82f63b78n],
      [crc64nvme, 64n, 0x9a6c9329ac4bc9b5n],
    ] as const) {
      for (let start = 0; start < 9; start++) {
        for (let length = 0; length < 33; length++) {
          const crc = make();
          const taken: Buffer[] = [];
          let from = start;
          for (const bytes of [length, 17, 3, 8, 0, 1]) {
            const piece = content.subarray(from, from + bytes);
            crc.update(piece);
            taken.push(piece);
            from += bytes + 1;
          }
          assert.equal(BigInt(`0x${crc.end().toString('hex')}`), bitByBit(Buffer.concat(taken), bits, polynomial));
        }
      }
    }
  });
});

/** The division that a CRC is, one bit after the other. */
const bitByBit = (content: Buffer, bits: bigint, polynomial: bigint): bigint => {
  const ones = (1n << bits) - 1n;
  let sum = ones;
  for (const byte of content) {
    sum ^= BigInt(byte);
    for (let bit = 0; bit < 8; bit++) sum = (sum >> 1n) ^ ((sum & 1n) === 1n ? polynomial : 0n);
  }
  return sum ^ ones;
};

const bigEndian = (sum: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(sum);
  return bytes;
};

const sumOf = (algorithm: Algorithm, bytes: number | undefined, pieces: readonly Buffer[]): string => {
  const sum = runningChecksum({ algorithm, ...(bytes === undefined ? {} : { parts: { bytes, count: 3 } }) });
  for (const piece of pieces) sum.update(piece);
  return sum.end();
};

describe('a running checksum', () => {
  const content = randomBytes(1_000);
  const pieces = [content.subarray(0, 130), content.subarray(130, 131), content.subarray(131)];

  it('of the whole is the same however the content is cut', () => {
    for (const algorithm of ['sha256', 'sha1', 'sha512', 'md5'] as const) {
      assert.equal(sumOf(algorithm, undefined, pieces), createHash(algorithm).update(content).digest('base64'));
    }
    assert.equal(sumOf('crc32', undefined, pieces), bigEndian(crc32(content)).toString('base64'));
    for (const algorithm of ['crc32c', 'crc64nvme'] as const) {
      assert.equal(sumOf(algorithm, undefined, pieces), sumOf(algorithm, undefined, [content]));
    }
  });

  it('of parts is the checksum of their checksums, with their number', () => {
    const sums = [content.subarray(0, 400), content.subarray(400, 800), content.subarray(800)].map((part) =>
      bigEndian(crc32(part)),
    );
    const expected = `${bigEndian(crc32(Buffer.concat(sums))).toString('base64')}-3`;
    for (const cut of [pieces, [content]]) assert.equal(sumOf('crc32', 400, cut), expected);
  });

  it('of parts counts a last part that is as long as the others once', () => {
    const halves = [content.subarray(0, 500), content.subarray(500)].map((part) =>
      createHash('sha256').update(part).digest(),
    );
    const expected = `${createHash('sha256').update(Buffer.concat(halves)).digest('base64')}-2`;
    assert.equal(sumOf('sha256', 500, pieces), expected);
  });
});

describe('the checksum that an answer tells of', () => {
  it('is of the whole, or of parts by its number or by its type', () => {
    const value = 'AAAAAA==';
    assert.deepEqual(storedChecksum({ ChecksumCRC32C: value }), { kind: 'whole', algorithm: 'crc32c', value });
    assert.deepEqual(storedChecksum({ ChecksumCRC64NVME: value, ChecksumType: 'FULL_OBJECT' }), {
      kind: 'whole',
      algorithm: 'crc64nvme',
      value,
    });
    assert.equal(storedChecksum({ ChecksumSHA1: `${value}-12` })?.kind, 'parts');
    assert.equal(storedChecksum({ ChecksumSHA256: value, ChecksumType: 'COMPOSITE' })?.kind, 'parts');
  });

  it('is named if it cannot be computed, and absent if there is none', () => {
    assert.deepEqual(storedChecksum({ ChecksumXXHASH128: 'AAAA' }), {
      kind: 'unknown',
      what: 'xxhash128, which is not known',
    });
    assert.deepEqual(storedChecksum({ ChecksumCRC32: '<script>' }), {
      kind: 'unknown',
      what: 'crc32 in a form that is not known',
    });
    assert.equal(storedChecksum({}), undefined);
  });
});

describe('parts of one size', () => {
  it('are seen by the first and the last of them', () => {
    assert.deepEqual(equalParts(25, { bytes: 10, count: 3 }, 5), { bytes: 10, count: 3 });
    assert.deepEqual(equalParts(10, { bytes: 10, count: 1 }, 10), { bytes: 10, count: 1 });
  });

  it('are not supposed where sizes and number do not make the whole', () => {
    assert.equal(equalParts(26, { bytes: 10, count: 3 }, 5), undefined);
    assert.equal(equalParts(25, { bytes: 5, count: 3 }, 15), undefined);
    assert.equal(equalParts(25, { bytes: 25, count: undefined }, 25), undefined);
    assert.equal(equalParts(20_000, { bytes: 1, count: 20_000 }, 1), undefined);
    assert.equal(equalParts(0, { bytes: 0, count: 2 }, 0), undefined);
  });
});
