import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type DocumentMembers, MembersReader, NoDocumentError } from './document-members.ts';
import { appDocument, document } from './testing/genesis-rows.ts';

const read = (...chunks: readonly (string | Uint8Array)[]): DocumentMembers => {
  const reader = new MembersReader();
  for (const chunk of chunks) reader.write(Buffer.from(chunk));
  return reader.end();
};

/** A list of so many megabytes. */
const filler = (megabytes: number): string => `[${'"x",'.repeat(megabytes * 262_144)}1]`;

describe('the members of a genesis', () => {
  test('are kept as they are written, and the state of the application is not', () => {
    const { json, appState, others } = read(
      ' {"x": [1], "chain_id" : "a\\u002d1", "app_state": {"chain_id": 5}, "validators": [ {"power":"1"} ], "y":{}} ',
    );
    assert.deepEqual(Object.fromEntries(json), { chain_id: '"a\\u002d1"', validators: '[ {"power":"1"} ]' });
    assert.equal(appState, 'object');
    assert.deepEqual(others, ['"x"', '"y"']);
  });

  test('are the same however the document is cut', () => {
    for (const text of [document(), appDocument({ chain_id: '\u00e9' })]) {
      const bytes = Buffer.from(text);
      const whole = read(text);
      for (let at = 0; at <= bytes.length; at++)
        assert.deepEqual(read(bytes.subarray(0, at), bytes.subarray(at)), whole);
      assert.deepEqual(read(...Array.from(bytes, (byte) => Uint8Array.of(byte))), whole);
    }
  });

  test('are refused beyond four megabytes, in which ten thousand validators fit', () => {
    assert.equal(
      read(`{"validators":${filler(3)},"app_state":${filler(5)}}`).json.get('validators')?.length,
      3_145_731,
    );
    assert.throws(() => read(`{"validators":${filler(5)}}`), /has more than 4194304 bytes beside app_state/);
    assert.throws(() => read(`{"validators":${filler(3)},"consensus":${filler(3)}}`), NoDocumentError);
  });

  test('of a document that goes on for ever are refused as soon as they are too large', () => {
    const reader = new MembersReader();
    reader.write(Buffer.from('{"validators":["'));
    const chunk = Buffer.alloc(65_536, 'x');
    assert.throws(() => {
      for (let chunks = 0; chunks < 100; chunks++) reader.write(chunk);
    }, /has more than 4194304 bytes/);
  });

  for (const [what, text, message] of [
    ['a name twice', '{"chain_id":"a","chain_id":"a"}', /has chain_id twice/],
    ['a name in other letters', '{"CHAIN_ID":"a"}', /has CHAIN_ID, which some nodes take for chain_id/],
    ['a byte order mark', '\uFEFF{"chain_id":"a"}', /cannot be read as JSON: .*line 1, column 1/],
    ['NULs', '{"chain_id":"a"}\0', /it has NUL bytes/],
    ['a document without an end', '{"chain_id":"a"', /it ends too early/],
  ] as const) {
    test(`${what} is refused`, () => {
      assert.throws(() => read(text), { name: 'NoDocumentError', message });
    });
  }

  test('bytes that are not UTF-8 are refused, also at the end', () => {
    assert.throws(() => read(Uint8Array.from([0x7b, 0x22, 0xff, 0x22])), /is not UTF-8 text/);
    assert.throws(() => read('{}', Uint8Array.from([0xc3])), NoDocumentError);
  });
});
