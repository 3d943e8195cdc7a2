import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { evaluateAside } from '../testing/evaluate-aside.ts';
import { formatGoDuration, parseGoDuration } from './go-duration.ts';

describe('a duration of Go', () => {
  for (const [text, nanoseconds] of [
    ['0', 0n],
    ['10s', 10_000_000_000n],
    ['1.s', 1_000_000_000n],
    ['.5s', 500_000_000n],
    ['-1.5h', -5_400_000_000_000n],
    ['+1h2m3s4ms5us6ns', 3_723_004_005_006n],
    ['1\u00b5s2\u03bcs', 3_000n],
    [`${'0'.repeat(200)}1s`, 1_000_000_000n],
    [`1.${'9'.repeat(200)}s`, 1_999_999_999n],
  ] as const) {
    test(`${text.slice(0, 20)} is ${nanoseconds} ns`, () => {
      assert.equal(parseGoDuration(text), nanoseconds);
    });
  }

  for (const text of [
    '',
    '+',
    '1',
    '.s',
    '1d',
    '1s ',
    ' 1s',
    '1.2.3s',
    '1s1',
    's',
    '1e3s',
    '-',
    '9223372037s',
    '1sx',
  ]) {
    test(`${JSON.stringify(text)} is none`, () => {
      assert.equal(parseGoDuration(text), undefined);
    });
  }

  test('reads as it was written', () => {
    for (const text of ['168h0m0s', '1m0s', '1.5s', '100ms', '0s']) {
      assert.equal(formatGoDuration(parseGoDuration(text) ?? -1n), text);
    }
  });

  test('is judged at once, whatever it is made of', async () => {
    for (const text of [
      `${'0000s'.repeat(16)}x`,
      '0s'.repeat(100_000),
      `${'0'.repeat(1_000_000)}.`,
      `1${'.'.repeat(1_000_000)}`,
    ]) {
      const result = await evaluateAside(new URL('go-duration.ts', import.meta.url), 'parseGoDuration', [text]);
      assert.equal(result, undefined);
    }
  });
});
