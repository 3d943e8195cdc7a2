import assert from 'node:assert/strict';
import test from 'node:test';
import * as fc from 'fast-check';
import { archiveKey, parseArchiveKey, parseLatest } from './snapshot-names.ts';

test('what upload writes is what restore reads', () => {
  fc.assert(
    fc.property(
      fc.constantFrom('', 'pacific-1/', 'a/b/'),
      fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
      fc.constantFrom('gzip' as const, 'zstd' as const),
      (prefix, height, compression) => {
        assert.deepEqual(parseArchiveKey(prefix, archiveKey(prefix, height, compression)), { height, compression });
      },
    ),
  );
});

test('the older naming is read, whatever the region and the chain id', () => {
  const cases = [
    ['snapshot_198030000_pacific-1_eu-central-1.tar.gz', 198030000, 'pacific-1'],
    ['snapshot_5_sei_test_net.2_us-east-2.tar.gz', 5, 'sei_test_net.2'],
    ['snapshot_5_arctic-1_eu-central-1.tar.zst', 5, 'arctic-1'],
  ] as const;
  for (const [name, height, chainId] of cases) {
    const parsed = parseArchiveKey('p/', `p/${name}`);
    assert.equal(parsed?.height, height);
    assert.equal(parsed.chainId, chainId);
  }
});

test('other objects are not taken for archives', () => {
  for (const name of [
    'latest.txt',
    '10.manifest.json',
    '10.tar',
    '010.tar.gz',
    '0.tar.gz',
    '-1.tar.gz',
    '1e3.tar.gz',
    '10.tar.gz.tmp',
    'x/10.tar.gz',
    '99999999999999999.tar.gz',
    'snapshot_10_pacific-1.tar.gz',
    'snapshot__pacific-1_eu-central-1.tar.gz',
  ]) {
    assert.equal(parseArchiveKey('p/', `p/${name}`), undefined, name);
  }
  assert.equal(parseArchiveKey('p/', 'q/10.tar.gz'), undefined);
});

test('latest.txt is a height with or without a line end, and nothing else', () => {
  assert.equal(parseLatest('198030000\n'), 198030000);
  for (const text of ['', '\n', 'abc', '-1', '0', '1.5', '1e9', '10 20', '99999999999999999', '<html>']) {
    assert.equal(parseLatest(text), undefined, text);
  }
});
