import assert from 'node:assert/strict';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { findChainId, readChainId } from './chain-id.ts';
import { makeTempHome } from './testing/temp-home.ts';

const never = new AbortController().signal;

describe('the chain that the genesis names', () => {
  test('is read without the rest of the document', async (t) => {
    const home = await makeTempHome(t);
    const rest = ` "app_state": {${'"x": 1,'.repeat(100_000)}\n no JSON`;
    await writeFile(join(home.config, 'genesis.json'), `{"chain_id": "a\\u002d1",${rest}`);
    assert.equal(await readChainId(home, never), 'a-1');
    assert.equal(await findChainId(home, never), 'a-1');
  });

  for (const [what, text, message] of [
    [
      'a byte order mark',
      '\uFEFF{"chain_id":"a-1"}',
      /is no genesis document: it cannot be read as JSON.*configure-genesis/,
    ],
    ['a name in other letters', '{"Chain_ID":"a-1"}', /has Chain_ID, which some nodes take for chain_id/],
    ['no JSON', '{"chain_id":"a-1}', /cannot be read as JSON/],
    ['no name', '{"x":1}', /has no chain_id/],
    ['a name that is a number', '{"chain_id":1}', /has no chain_id/],
    ['a name of other characters', '{"chain_id":"a b"}', /has no chain_id/],
    ['a name of 51 characters', `{"chain_id":"${'a'.repeat(51)}"}`, /has no chain_id/],
  ] as const) {
    test(`a genesis with ${what} names none`, async (t) => {
      const home = await makeTempHome(t);
      await writeFile(join(home.config, 'genesis.json'), text);
      await assert.rejects(readChainId(home, never), { code: 'file-invalid', message });
      assert.equal(await findChainId(home, never), undefined);
    });
  }

  test('a genesis that is missing, a link or a folder is told apart', async (t) => {
    const home = await makeTempHome(t);
    const file = join(home.config, 'genesis.json');
    assert.equal(await findChainId(home, never), undefined);
    await assert.rejects(readChainId(home, never), { code: 'file-missing' });
    await mkdir(file);
    await assert.rejects(readChainId(home, never), { code: 'file-invalid' });
    const linked = await makeTempHome(t);
    await symlink(join(home.root, 'x'), join(linked.config, 'genesis.json'));
    await assert.rejects(readChainId(linked, never), { code: 'file-invalid', message: /symbolic link/ });
  });
});
