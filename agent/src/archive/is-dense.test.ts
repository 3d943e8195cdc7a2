import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import test from 'node:test';
import { deflateSync, zstdCompressSync } from 'node:zlib';
import { isDense } from './is-dense.ts';

const text = Buffer.from(
  Array.from({ length: 10_000 }, (_, index) => `sei1${(index * 7919).toString(36)}: ${index * 31} usei\n`).join(''),
);

/** Much as a store of accounts is: keys by chance, amounts in words. */
const records = Buffer.concat(
  Array.from({ length: 10_000 }, (_, index) =>
    Buffer.concat([randomBytes(20), Buffer.from(`{"denom":"usei","amount":"${index * 7919}"}`)]),
  ),
);

test('what is compressed already is dense, whatever its size', () => {
  for (const bytes of [4096, 5000, 65_536, 1_000_003]) assert.equal(isDense(randomBytes(bytes)), true, String(bytes));
  assert.equal(isDense(deflateSync(records)), true);
  assert.equal(isDense(zstdCompressSync(records)), true);
});

test('text, numbers and records with keys of random bytes are not', () => {
  assert.equal(isDense(text), false);
  assert.equal(isDense(Buffer.alloc(100_000)), false);
  assert.equal(isDense(Buffer.from(randomBytes(50_000).toString('hex'))), false);
  assert.equal(isDense(Buffer.from(randomBytes(50_000).toString('base64'))), false);
  assert.equal(isDense(records), false);
});

test('little says nothing', () => {
  assert.equal(isDense(randomBytes(4095)), undefined);
});
