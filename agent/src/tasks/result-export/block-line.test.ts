import assert from 'node:assert/strict';
import test from 'node:test';
import * as fc from 'fast-check';
import { type LargeRpcAnswer, takeApart } from '../../node/large-rpc-answer.ts';
import { blockLine } from './block-line.ts';

const at = new Date('2026-02-03T04:05:06.789Z');

/** What the RPC client makes of a text that a node answers with. */
const answerOf = async (text: string): Promise<LargeRpcAnswer> => {
  const { result, member } = await takeApart(Buffer.from(text), ['height']);
  assert.ok(result);
  return { result, member };
};

const results = `{"height":"7","gas":9223372036854775807,"float":1.0,"big":123456789012345678901234567890,"x":1e2}`;
const line = `{"block_results":${results},"exported_at":"2026-02-03T04:05:06Z","height":7}\n`;

test('keeps the text of the results: bare, in an envelope, and of two members the one that counts', async () => {
  for (const text of [
    results,
    ` ${results}\n`,
    `{"jsonrpc":"2.0","id":-1,"result":${results}}`,
    `{"result":${results},"jsonrpc":"2.0"}`,
    `{"jsonrpc":"2.0","result":{"height":"9"},"id":{"result":{"height":"8"}},"result": ${results} }\n`,
  ]) {
    assert.equal(Buffer.concat(blockLine(7, await answerOf(text), at)).toString(), line);
  }
});

test('is one line that says the same, whatever the answer holds and however it is indented', async () => {
  const indented = fc.record({ value: fc.json(), indent: fc.constantFrom(0, 1, 2, '\t', ' \t'), crlf: fc.boolean() });
  await fc.assert(
    fc.asyncProperty(indented, fc.boolean(), async ({ value, indent, crlf }, enveloped) => {
      const result = { height: '7', value: JSON.parse(value) as unknown };
      const body = enveloped ? { jsonrpc: '2.0', id: -1, result } : result;
      const text = JSON.stringify(body, null, indent);
      const answer = await answerOf(crlf ? text.replaceAll('\n', '\r\n') : text);
      const written = Buffer.concat(blockLine(7, answer, at)).toString();
      assert.equal(written.indexOf('\n'), written.length - 1);
      assert.deepEqual(JSON.parse(written), {
        block_results: JSON.parse(JSON.stringify(result)) as unknown,
        exported_at: '2026-02-03T04:05:06Z',
        height: 7,
      });
    }),
  );
});

test('refuses the results of another height, and what has none', async () => {
  for (const text of ['{"height":"8"}', '{"height":null}', '{}', '{"height":"7x"}', '{"height":{"a":7}}']) {
    const answer = await answerOf(text);
    assert.throws(() => blockLine(7, answer, at), { code: 'rpc-invalid', message: /height 7 and answers/ });
  }
});
