import assert from 'node:assert/strict';
import { isUtf8 } from 'node:buffer';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import { type Skeleton, SkeletonReader, SkeletonTooLargeError, type Wanted } from './json-skeleton.ts';
import { JsonSyntaxError, JsonTokens } from './json-tokens.ts';
import { NotUtf8Error, Utf8Check } from './utf8-check.ts';

const wanted = (...paths: readonly string[]): Wanted => {
  const root: Wanted = { members: new Map(), list: false };
  for (const path of paths) {
    let at = root;
    for (const key of path.split('.')) {
      const member = at.members.get(key) ?? { members: new Map(), list: false };
      at.members.set(key, member);
      at = member;
    }
  }
  return root;
};

const read = (document: Buffer, asked: Wanted, pieceBytes: number, maxBytes = 1e9): Skeleton => {
  const reader = new SkeletonReader(asked, maxBytes);
  for (let at = 0; at < document.length; at += pieceBytes) reader.write(document.subarray(at, at + pieceBytes));
  return reader.end();
};

const filled = (skeleton: Skeleton, document: Buffer): string =>
  Buffer.concat(
    [...skeleton.fill(skeleton.text)].map((part) =>
      typeof part === 'string' ? Buffer.from(part) : document.subarray(part.start, part.end),
    ),
  ).toString();

const leftOut = (skeleton: Skeleton): readonly (readonly number[])[] =>
  [...skeleton.fill(skeleton.text)].flatMap((part) => (typeof part === 'string' ? [] : [[part.start, part.end]]));

const keys = fc.constantFrom('a', 'b', 'c', 'd', 'ü"\\');
const { tree } = fc.letrec<{ tree: unknown }>((tie) => ({
  tree: fc.oneof(
    { depthSize: 'small' },
    fc.oneof(
      fc.integer(),
      fc.boolean(),
      fc.constant(null),
      fc.string({ unit: 'grapheme' }),
      fc.double({ noNaN: true }),
    ),
    fc.array(tie('tree'), { maxLength: 3 }),
    fc.dictionary(keys, tie('tree'), { noNullPrototype: true }),
  ),
}));
const documents = fc
  .tuple(fc.dictionary(keys, tree, { noNullPrototype: true }), fc.constantFrom(undefined, 2))
  .map(([value, indent]) => JSON.stringify(value, undefined, indent));

describe('the skeleton of a JSON document', () => {
  test('stands for the document, wherever its pieces were cut', () => {
    fc.assert(
      fc.property(documents, fc.integer({ min: 1, max: 40 }), (text, pieceBytes) => {
        const document = Buffer.from(text);
        const asked = wanted('a', 'b.c', 'ü"\\.a.b');
        const skeleton = read(document, asked, pieceBytes);
        assert.equal(filled(skeleton, document), text);
        const inOnePiece = read(document, asked, 1e9);
        assert.deepEqual(leftOut(skeleton), leftOut(inOnePiece));
        JSON.parse(skeleton.text);
      }),
      { numRuns: 500 },
    );
  });

  test('does not grow with what is left out', () => {
    const document = Buffer.from(
      `{"a":1,${Array.from({ length: 100_000 }, (_, index) => `"k${index}":{"x":[1,2]},`).join('\n')}"b":{"y":"${'z'.repeat(1e6)}"}}`,
    );
    const skeleton = read(document, wanted('a', 'b.c'), 4096);
    assert.equal(leftOut(skeleton).length, 3);
    assert.ok(skeleton.text.length < 300, `${skeleton.text.length} characters`);
  });

  test('is refused where what is asked for is too large', () => {
    const document = Buffer.from(`{"a":"${'z'.repeat(10_000)}"}`);
    assert.throws(() => read(document, wanted('a'), 100, 5_000), SkeletonTooLargeError);
    read(document, wanted('b'), 100, 5_000);
  });
});

const nothing = (): void => undefined;

const accepts = (text: string, pieceBytes: number): boolean => {
  const tokens = new JsonTokens({ keyStart: nothing, keyEnd: nothing, valueStart: nothing, valueEnd: nothing });
  const bytes = Buffer.from(text);
  try {
    for (let at = 0; at < bytes.length; at += pieceBytes) tokens.write(bytes.subarray(at, at + pieceBytes));
    tokens.end();
    return true;
  } catch (error) {
    if (error instanceof JsonSyntaxError) return false;
    throw error;
  }
};

const parses = (text: string): boolean => {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
};

const isUtf8InPieces = (bytes: Buffer, pieceBytes: number): boolean => {
  const check = new Utf8Check();
  try {
    for (let at = 0; at < bytes.length; at += pieceBytes) check.write(bytes.subarray(at, at + pieceBytes));
    check.end();
    return true;
  } catch (error) {
    if (error instanceof NotUtf8Error) return false;
    throw error;
  }
};

describe('the bytes of a JSON document', () => {
  test('are taken where a parser takes them, and refused where it refuses them', () => {
    const noise = fc.constantFrom(
      '',
      ',',
      ':',
      '{',
      '}',
      '[',
      ']',
      '"',
      '\\',
      '\\u12',
      '0',
      '-',
      '.',
      'e',
      'true',
      '\n',
      '\u0001',
      'ü',
      '\ufeff',
    );
    fc.assert(
      fc.property(
        documents,
        noise,
        fc.nat(),
        fc.nat({ max: 3 }),
        fc.integer({ min: 1, max: 9 }),
        (text, insert, at, drop, pieceBytes) => {
          const place = at % (text.length + 1);
          const mutant = text.slice(0, place) + insert + text.slice(place + drop);
          assert.equal(accepts(mutant, pieceBytes), parses(mutant), JSON.stringify(mutant));
        },
      ),
      { numRuns: 1_500 },
    );
  });

  test('are refused at their line and column', () => {
    const tokens = new JsonTokens({ keyStart: nothing, keyEnd: nothing, valueStart: nothing, valueEnd: nothing });
    tokens.write(Buffer.from('{\n  "a": 1,\n'));
    assert.throws(
      () => {
        tokens.write(Buffer.from('  "b": x1,\n}'));
      },
      { line: 3, column: 10, message: 'there is a word that is no value' },
    );
  });
});

test('bytes are UTF-8 or not, wherever their pieces were cut', () => {
  const texts = fc.array(fc.oneof(fc.string({ unit: 'binary' }), fc.uint8Array({ maxLength: 2 })), { maxLength: 4 });
  fc.assert(
    fc.property(texts, fc.integer({ min: 1, max: 5 }), (parts, pieceBytes) => {
      const bytes = Buffer.concat(parts.map((part) => Buffer.from(part)));
      assert.equal(isUtf8InPieces(bytes, pieceBytes), isUtf8(bytes));
    }),
    { numRuns: 2_000 },
  );
});
