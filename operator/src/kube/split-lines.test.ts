import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { HeldBytes, maxAnswerBytes } from './held-bytes.ts';
import { splitLines, StreamError, tooLongLine } from './split-lines.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

// eslint-disable-next-line typescript/require-await
async function* stream(chunks: Iterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield* chunks;
}

const split = async (chunks: Iterable<Uint8Array>): Promise<string[]> => {
  using held = new HeldBytes(new AbortController().signal);
  const lines: string[] = [];
  for await (const line of splitLines(stream(chunks), held)) {
    lines.push(line === tooLongLine ? 'too long' : line.toString('utf8'));
  }
  assert.equal(held.length, 0);
  return lines;
};

test('any cut of the bytes gives the same lines', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.string({ unit: 'grapheme' })), fc.array(fc.nat(20)), async (lines, cuts) => {
      const clean = lines.map((line) => line.replaceAll('\n', ' '));
      const all = bytes(clean.map((line) => `${line}\n`).join(''));
      const chunks: Uint8Array[] = [];
      let at = 0;
      for (const cut of [...cuts, all.length]) {
        chunks.push(all.subarray(at, at + cut));
        at += cut;
      }
      assert.deepEqual(await split(chunks), clean);
    }),
  );
});

test('U+2028, U+2029, U+0085 and carriage returns are part of a line', async () => {
  const line = '{"a":"\u2028\u2029\u0085\r"}';
  assert.deepEqual(await split([bytes(`${line}\n`)]), [line]);
});

test('a stream that ends within a line is an error', async () => {
  await assert.rejects(split([bytes('{"type":"ADD')]), /ended in the middle of a line, after 12 bytes/);
});

const mebibyte = new Uint8Array(1024 * 1024).fill(0x78);

test('a line that is too long for memory is told, and the lines after it follow', async () => {
  const long = Array.from({ length: 5 }, () => mebibyte);
  assert.deepEqual(await split([bytes('a\n'), ...long, bytes('\nb\nc\n')]), ['a', 'too long', 'b', 'c']);
  const atTheEnd = [...long.slice(1), bytes('x\nb\n')];
  assert.deepEqual(await split(atTheEnd), ['too long', 'b']);
  const [longest = ''] = await split([...long.slice(1), bytes('\n')]);
  assert.equal(longest.length, maxAnswerBytes);
});

test('a line that has no end is an error', async () => {
  await assert.rejects(split(Array.from({ length: 17 }, () => mebibyte)), StreamError);
});

test('of what is large there is one at a time, and the next has its turn when it is over', async () => {
  const signal = AbortSignal.timeout(60_000);
  const [first, second, third] = [new HeldBytes(signal), new HeldBytes(signal), new HeldBytes(signal)];
  const given = new AbortController();
  const impatient = new HeldBytes(given.signal);
  assert.ok(await first.add(mebibyte));
  const order: string[] = [];
  const adding = second.add(mebibyte).then(() => order.push('second'));
  const gone = assert.rejects(impatient.add(mebibyte), /given up/);
  const last = third.add(mebibyte).then(() => order.push('third'));
  given.abort(new Error('given up'));
  await gone;
  assert.ok(await impatient.add(bytes('small')), 'what is small does not wait');
  assert.deepEqual(order, []);
  first.clear();
  await adding;
  assert.deepEqual(order, ['second']);
  assert.deepEqual(second.bytes, Buffer.from(mebibyte));
  second[Symbol.dispose]();
  await last;
  third.clear();
});
