import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { LineSplitter, StreamError } from './line-splitter.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

test('any cut of the bytes gives the same lines', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: 'grapheme' })), fc.array(fc.nat(20)), (lines, cuts) => {
      const clean = lines.map((line) => line.replaceAll('\n', ' '));
      const all = bytes(clean.map((line) => `${line}\n`).join(''));
      const splitter = new LineSplitter();
      const found: string[] = [];
      let at = 0;
      for (const cut of [...cuts, all.length]) {
        found.push(...splitter.push(all.subarray(at, at + cut)));
        at += cut;
      }
      splitter.end();
      assert.deepEqual(found, clean);
    }),
  );
});

test('U+2028, U+2029, U+0085 and carriage returns are part of a line', () => {
  const line = '{"a":"\u2028\u2029\u0085\r"}';
  assert.deepEqual(new LineSplitter().push(bytes(`${line}\n`)), [line]);
});

test('a stream that ends within a line or a character is an error', () => {
  const withinLine = new LineSplitter();
  withinLine.push(bytes('{"type":"ADD'));
  assert.throws(() => {
    withinLine.end();
  }, /ended in the middle of a line, after 12 characters/);
  const withinCharacter = new LineSplitter();
  withinCharacter.push(bytes('ä').subarray(0, 1));
  assert.throws(() => {
    withinCharacter.end();
  }, StreamError);
});

test('invalid UTF-8 is an error', () => {
  assert.throws(() => new LineSplitter().push(new Uint8Array([0x22, 0xff, 0x22])), /not valid UTF-8/);
});

test('a line that does not end is an error before it fills the memory', () => {
  const splitter = new LineSplitter(100);
  splitter.push(bytes('x'.repeat(100)));
  assert.throws(() => splitter.push(bytes('x')), /longer than 100 characters/);
});
