import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { readOwnNodeId } from './node-id.ts';
import { makeTempHome } from './testing/temp-home.ts';

/** The key whose seed is 32 times the byte 7, with what `cometbft show-node-id` 0.38 says of it. */
const known = {
  key: 'BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwfqSmxj4pxSCr71UHsTLsX5lUd2rr6+e5JCHuppFEbSLA==',
  id: 'fe812c12f3ab4ce6ac5db69ac352f906cb1b11ef',
};

test('the id of a key is what cometbft says', async (t) => {
  const home = await makeTempHome(t);
  assert.equal(await readOwnNodeId(home), undefined);
  await writeFile(
    join(home.config, 'node_key.json'),
    JSON.stringify({ priv_key: { type: 'tendermint/PrivKeyEd25519', value: known.key } }),
  );
  assert.equal(await readOwnNodeId(home), known.id);
  // Sei writes the id beside it; the key counts.
  await writeFile(
    join(home.config, 'node_key.json'),
    JSON.stringify({ id: '0'.repeat(40), priv_key: { type: 'tendermint/PrivKeyEd25519', value: known.key } }),
  );
  assert.equal(await readOwnNodeId(home), known.id);
});

test('a damaged key is refused without being quoted', async (t) => {
  const home = await makeTempHome(t);
  for (const text of [
    '',
    `{"priv_key": {"type": "tendermint/PrivKeyEd25519", "value": "${known.key}"`,
    JSON.stringify({ priv_key: { type: 'tendermint/PrivKeySecp256k1', value: known.key } }),
    JSON.stringify({ priv_key: { type: 'tendermint/PrivKeyEd25519', value: known.key.slice(0, -8) } }),
  ]) {
    await writeFile(join(home.config, 'node_key.json'), text);
    await assert.rejects(readOwnNodeId(home), (error: Error & { code?: string }) => {
      assert.equal(error.code, 'file-invalid');
      assert.doesNotMatch(String(error.stack) + String(error.cause), new RegExp(known.key.slice(0, 10)));
      return true;
    });
  }
});
