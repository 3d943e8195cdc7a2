import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { type ConfigPatchParams, TaskError } from '@nodetask/shared';
import * as fc from 'fast-check';
import { makeTempHome } from '../../node/testing/temp-home.ts';
import { checkParams } from './check-params.ts';
import { editFile, type EditedFile } from './edit-file.ts';
import { type EditedText, editText } from './edit-text.ts';

const name = 'genesis.json';

interface Patch {
  readonly patch: Readonly<Record<string, unknown>>;
  readonly remove?: readonly string[];
}

const paramsOf = ({ patch, remove = [] }: Patch): ConfigPatchParams => ({
  files: { [name]: { ...patch } },
  remove: { [name]: [...remove] },
  dryRun: false,
});

/** The result of either way to edit, or the error that it fails with. */
const settle = async <T>(work: () => Promise<T>): Promise<T | string> => {
  try {
    return await work();
  } catch (error) {
    if (error instanceof TaskError) return `${error.code}: ${error.message}`;
    throw error;
  }
};

const withFile = async (t: Parameters<typeof makeTempHome>[0]) => {
  const { config } = await makeTempHome(t);
  const [path, temporary] = [join(config, name), join(config, 'new')];
  return async (text: string | Buffer, { patch, remove = [] }: Patch): Promise<EditedFile & { after: string }> => {
    await writeFile(path, text);
    await writeFile(temporary, '');
    const edited = await editFile({ name, path, patch, remove, maxBytes: 1e9, temporary });
    return { ...edited, after: await readFile(edited.isChanged ? temporary : path, 'utf8') };
  };
};

const escaped = (text: string): string =>
  `"${Array.from({ length: text.length }, (_, index) => `\\u${text.charCodeAt(index).toString(16).padStart(4, '0')}`).join('')}"`;

describe('a JSON file that is edited as a stream', () => {
  const keys = fc.constantFrom('a', 'b', 'c', 'chain_id', '10', '', 'ü"\\', '__x');
  const scalar = fc.oneof(
    fc.integer(),
    fc.boolean(),
    fc.constant(null),
    fc.string({ unit: 'grapheme', maxLength: 6 }),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
  );
  const { tree } = fc.letrec<{ tree: unknown }>((tie) => ({
    tree: fc.oneof(
      { depthSize: 'small' },
      scalar,
      fc.array(tie('tree'), { maxLength: 3 }),
      fc.dictionary(keys, tie('tree'), { maxKeys: 5, noNullPrototype: true }),
    ),
  }));
  const table = fc.dictionary(keys, tree, { maxKeys: 5, noNullPrototype: true });
  const space = fc.constantFrom('', ' ', '\n', '\r\n\t', '  \n ');

  /** Writes a value as somebody may have typed it: spaces anywhere, characters as escapes. */
  const typed = (value: unknown, gaps: readonly string[], at = { next: 0 }): string => {
    const gap = (): string => gaps[at.next++ % gaps.length] ?? '';
    const text = (one: string): string => (at.next % 3 === 0 ? escaped(one) : JSON.stringify(one));
    if (Array.isArray(value)) {
      return `[${gap()}${value.map((item) => typed(item, gaps, at) + gap()).join(`,${gap()}`)}]`;
    }
    if (typeof value === 'object' && value !== null) {
      const members = Object.entries(value).map(([key, member]) => {
        const before = `${text(key)}${gap()}:${gap()}`;
        return `${before}${typed(member, gaps, at)}${gap()}`;
      });
      return `{${gap()}${members.join(`,${gap()}`)}}`;
    }
    return typeof value === 'string' ? text(value) : JSON.stringify(value);
  };

  test('becomes byte for byte what a small file becomes, or fails alike', { timeout: 300_000 }, async (t) => {
    const edit = await withFile(t);
    const paths = fc.array(fc.array(keys, { minLength: 1, maxLength: 3 }), { maxLength: 3 });
    let changes = 0;
    await fc.assert(
      fc.asyncProperty(
        table,
        table,
        paths,
        fc.array(space, { minLength: 3 }),
        async (document, patch, removed, gaps) => {
          const text = gaps.length % 2 === 0 ? JSON.stringify(document, undefined, 2) : typed(document, gaps);
          const remove = removed.map((path) => path.map((key) => JSON.stringify(key)).join('.'));
          // Keys that are removed and set at once never come here.
          fc.pre(typeof (await settle(async () => checkParams(paramsOf({ patch, remove })))) !== 'string');
          const whole = await settle<EditedText>(() => editText({ name, before: text, patch, remove }));
          const streamed = await settle(() => edit(text, { patch, remove }));
          if (typeof whole === 'string' || typeof streamed === 'string') {
            assert.equal(streamed, whole);
            return;
          }
          const { after, changes: told, respelled } = streamed;
          assert.deepEqual(
            { after, changes: told, respelled },
            { after: whole.after, changes: whole.changes, respelled: {} },
          );
          assert.equal(streamed.isChanged, whole.after !== text);
          if (streamed.isChanged) changes++;
        },
      ),
      { numRuns: 1_000 },
    );
    assert.ok(changes > 100, `only ${changes} of the edits changed anything`);
  });

  const large = `{\n  "genesis_time": "old",\n  "chain_id": "c",\n  "api_token": "hush",\n  "app_state": {\n    "bank": {"list": [1, 2]},\n    "gov": {\n      "priv_key": {"x": 1, "y": 2},\n      "n": 1\n    }\n  }\n}\n`;

  test('is told of as a small one is, without what was left out', async (t) => {
    const edit = await withFile(t);
    const { changes } = await edit(large, {
      patch: {
        genesis_time: 'new',
        api_token: 'quiet',
        app_state: { gov: { n: 2, priv_key: { x: 'quiet' } }, bank: 1 },
      },
      remove: ['chain_id'],
    });
    const from = '(hidden)';
    assert.deepEqual(changes, {
      listed: [
        { file: name, key: 'chain_id', from: 'c' },
        { file: name, key: 'genesis_time', from: 'old', to: 'new' },
        { file: name, key: 'api_token', from, to: from },
        { file: name, key: 'app_state.bank', from, to: from },
        { file: name, key: 'app_state.gov.priv_key.x', from, to: from },
        { file: name, key: 'app_state.gov.n', from, to: from },
      ],
      count: 6,
    });
  });

  for (const [what, text, patch, error] of [
    [
      'no JSON',
      '{\n "a": 1,\n "b": tru\n}',
      { a: 2 },
      /^file-invalid: genesis\.json:3:10: not JSON: there is a word that is no value/,
    ],
    ['cut off', '{"a": {"b": 1}', { a: 2 }, /^file-invalid: genesis\.json:1:15: not JSON: it ends too early/],
    ['a list', '[1]', { a: 2 }, /^file-invalid: genesis\.json:1:1: not JSON: it is not a JSON object/],
    ['no UTF-8', Buffer.from('{"a": "\xff"}', 'latin1'), { a: 2 }, /^file-invalid: .*genesis\.json is not UTF-8 text/],
    ['too much of a number', `{"x": ${'9'.repeat(5_000)}, "a": 1}`, { a: 2 }, /a number of more than 4096 characters/],
    ['too deep', `{"x": ${'['.repeat(600)}${']'.repeat(600)}, "a": 1}`, { a: 2 }, /nested deeper than 512 levels/],
    [
      'with a key twice',
      '{"a": 1, "b": 2, "a": 3}',
      { a: 2 },
      /^file-invalid: genesis\.json has the key a 2 times: leave one of them/,
    ],
    [
      'with a huge value to replace',
      `{"a": "${'x'.repeat(5_000_000)}"}`,
      { a: 2 },
      /what the patch replaces, and what stands beside it, has more than the 1048576 bytes that this task takes into memory/,
    ],
    ['with a huge list to replace', `{"a": [${'1,'.repeat(3_000_000)}1]}`, { a: [2] }, /more than the 1048576 bytes/],
  ] as const) {
    test(`is refused when it is ${what}`, async (t) => {
      const edit = await withFile(t);
      await assert.rejects(edit(text, { patch }), (thrown) => {
        assert.ok(thrown instanceof TaskError);
        assert.match(`${thrown.code}: ${thrown.message}`, error);
        return true;
      });
    });
  }

  test('is refused above the limit', async (t) => {
    const { config } = await makeTempHome(t);
    const path = join(config, name);
    await writeFile(path, large);
    const job = { name, path, patch: { chain_id: 'd' }, remove: [], maxBytes: 100 } as const;
    await assert.rejects(editFile(job), {
      code: 'file-invalid',
      message: /has 190 bytes, and this task reads at most 100/,
    });
  });

  test('may have values of any size that the patch does not look into', async (t) => {
    const edit = await withFile(t);
    const list = `[${'1,'.repeat(3_000_000)}1]`;
    const { after } = await edit(`{"a":${list},"b":{"list":${list}},"c":1}`, { patch: { a: 1, b: null, c: 2 } });
    assert.equal(after, '{"a":1,"c":2}');
  });
});
