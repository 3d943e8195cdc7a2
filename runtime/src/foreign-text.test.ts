import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { before, certificateBlocks, withoutLeading, withoutTrailing } from './foreign-text.ts';

const block = (content: string): string => `-----BEGIN CERTIFICATE-----\n${content}\n-----END CERTIFICATE-----`;

describe('foreign text', () => {
  test('loses the characters at its end, and no others', () => {
    assert.equal(withoutTrailing('//a//b///', '/'), '//a//b');
    assert.equal(withoutTrailing('a.-.', '.-'), 'a');
    assert.equal(withoutTrailing('///', '/'), '');
    assert.equal(withoutTrailing('', '/'), '');
  });

  test('loses the characters at its start, and no others', () => {
    assert.equal(withoutLeading('//a//b/', '/'), 'a//b/');
    assert.equal(withoutLeading('///', '/'), '');
  });

  test('is cut in front of the first mark', () => {
    assert.equal(before('fe80::1%eth0%1', '%'), 'fe80::1');
    assert.equal(before('fe80::1', '%'), 'fe80::1');
  });

  test('yields its certificate blocks in order, without what stands between them', () => {
    const key = '-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----';
    assert.deepEqual(certificateBlocks(`# comment\n${block('YQ==')}\n${key}\n${block('Yg==')}\n`), [
      block('YQ=='),
      block('Yg=='),
    ]);
  });

  test('yields no certificate block that never ends, or that another one interrupts', () => {
    assert.deepEqual(certificateBlocks('-----BEGIN CERTIFICATE-----\nYQ=='), []);
    assert.deepEqual(certificateBlocks(`-----BEGIN CERTIFICATE-----\nYQ==\n${block('Yg==')}`), [block('Yg==')]);
  });

  test('of eight megabytes takes no second, whatever repeats in it', () => {
    const started = performance.now();
    assert.equal(withoutTrailing(`${'/'.repeat(8_000_000)}a`, '/').length, 8_000_001);
    assert.deepEqual(certificateBlocks('-----BEGIN CERTIFICATE-----'.repeat(300_000)), []);
    assert.deepEqual(certificateBlocks('-----END CERTIFICATE-----'.repeat(300_000)), []);
    assert.ok(performance.now() - started < 1000);
  });
});
