import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { chmod, mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test, type TestContext } from 'node:test';
import { systemClock } from '@nodetask/runtime';
import type { ApiErrorBody } from '@nodetask/shared';
import { startTestServer } from '../../test/support/test-server.ts';
import type { NodeHome } from '../node/node-home.ts';
import { nodeIdReader } from '../node/node-id-reader.ts';
import { makeTempHome } from '../node/testing/temp-home.ts';

/** The API before the files of a home. What real nodes say of their keys is in agent/test/node-id.test.ts. */

/** The key whose seed is 32 times the byte 7, with what `cometbft show-node-id` 0.38 says of it. */
const known = {
  key: 'BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwfqSmxj4pxSCr71UHsTLsX5lUd2rr6+e5JCHuppFEbSLA==',
  id: 'fe812c12f3ab4ce6ac5db69ac352f906cb1b11ef',
};

const keyFile = (value = known.key, type = 'tendermint/PrivKeyEd25519'): string =>
  JSON.stringify({ priv_key: { type, value } });

const setUp = async (t: TestContext) => {
  const home = await makeTempHome(t);
  const server = await startTestServer({ nodeId: nodeIdReader(home, { clock: systemClock }) });
  t.after(() => server[Symbol.asyncDispose]());
  const ask = async (path: string) => {
    const answer = await server.call('GET', path);
    // Whatever the answer is: nothing of the private key is in it, in no coding.
    for (const coding of ['base64', 'base64url', 'hex'] as const) {
      const seed = Buffer.from(known.key, 'base64').subarray(0, 32).toString(coding);
      assert.ok(!answer.text.includes(seed.slice(0, 8)), answer.text);
    }
    return answer;
  };
  return { home, ask };
};

const path = (home: NodeHome): string => join(home.config, 'node_key.json');

test('the id of the node is answered, and nothing else of the file', async (t) => {
  const { home, ask } = await setUp(t);
  await writeFile(path(home), `{"id":"${'0'.repeat(40)}","secret":"more",${keyFile().slice(1)}`);
  const { status, text } = await ask('/v0/node-id');
  assert.equal(status, 200);
  assert.equal(text, `{"nodeId":"${known.id}"}`);
  assert.equal((await ask('/v0/status')).text, `{"status":"Initializing","nodeId":"${known.id}"}`);
});

test('a key that is made, exchanged or moved while the agent runs counts at the next call', async (t) => {
  const { home, ask } = await setUp(t);
  const missing = await ask('/v0/node-id');
  assert.deepEqual([missing.status, (missing.body as ApiErrorBody).code], [404, 'node-key-missing']);
  assert.match((missing.body as ApiErrorBody).error, /no node key: start it once/);
  assert.equal((await ask('/v0/status')).text, '{"status":"Initializing"}');
  await writeFile(path(home), keyFile());
  assert.deepEqual((await ask('/v0/node-id')).body, { nodeId: known.id });

  const { d = '', x = '' } = generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' });
  const other = Buffer.concat([Buffer.from(d, 'base64url'), Buffer.from(x, 'base64url')]).toString('base64');
  await writeFile(path(home), keyFile(other));
  const { nodeId } = (await ask('/v0/node-id')).body as { readonly nodeId: string };
  assert.match(nodeId, /^[0-9a-f]{40}$/);
  assert.notEqual(nodeId, known.id);

  await mkdir(join(home.root, 'keys'));
  await writeFile(join(home.root, 'keys/node.json'), keyFile());
  for (const key of ['node_key_file', 'node-key-file']) {
    await writeFile(join(home.config, 'config.toml'), `${key} = "keys/node.json"\n`);
    assert.deepEqual((await ask('/v0/node-id')).body, { nodeId: known.id }, key);
  }
});

interface Fault {
  readonly name: string;
  readonly make: (home: NodeHome) => Promise<void>;
  readonly says: RegExp;
}

const writing = (text: string) => (home: NodeHome) => writeFile(path(home), text);
const shortKey = known.key.slice(0, -8);

const faults: readonly Fault[] = [
  { name: 'an empty file', make: writing(''), says: /node_key\.json is no node key as CometBFT writes it/ },
  { name: 'a file that is cut off', make: writing(keyFile().slice(0, -2)), says: /is no node key/ },
  { name: 'the key alone', make: writing(known.key), says: /is no node key/ },
  {
    name: 'the validator key of the node',
    make: writing(JSON.stringify({ priv_key: known.key })),
    says: /is no node key/,
  },
  {
    name: 'a key of another curve',
    make: writing(keyFile(known.key, 'tendermint/PrivKeySecp256k1')),
    says: /is tendermint\/PrivKeySecp256k1, not tendermint\/PrivKeyEd25519/,
  },
  { name: 'a key whose type is the key', make: writing(keyFile(known.key, known.key)), says: /is of another type/ },
  { name: 'a key that is too short', make: writing(keyFile(shortKey)), says: /not the 64 bytes of an ed25519 key/ },
  { name: 'a key that is no base64', make: writing(keyFile('!'.repeat(88))), says: /not the 64 bytes/ },
  { name: 'bytes that are no text', make: (home) => writeFile(path(home), Buffer.of(0xff, 0xfe)), says: /not UTF-8/ },
  { name: 'a file that is too large', make: writing(keyFile() + ' '.repeat(70_000)), says: /at most 65536/ },
  { name: 'a folder', make: (home) => mkdir(path(home)), says: /not a regular file/ },
  { name: 'a link', make: (home) => symlink('/etc/hostname', path(home)), says: /symbolic link/ },
  {
    name: 'a config.toml that cannot be parsed',
    make: (home) => writeFile(join(home.config, 'config.toml'), 'node_key_file\n'),
    says: /config\.toml:1:\d+/,
  },
  {
    name: 'a path outside of the home',
    make: (home) => writeFile(join(home.config, 'config.toml'), 'node_key_file = "/etc/hostname"\n'),
    says: /--allow-path/,
  },
];

describe('GET /v0/node-id says what is wrong, without a word of the key, while status goes on without the id, for', () => {
  for (const { name, make, says } of faults) {
    test(name, async (t) => {
      const { home, ask } = await setUp(t);
      await make(home);
      const { status, body } = await ask('/v0/node-id');
      const { code, error, retriable } = body as ApiErrorBody;
      assert.deepEqual([status, code, retriable], [409, 'node-key-invalid', false], error);
      assert.match(error, says);
      assert.deepEqual((await ask('/v0/status')).body, { status: 'Initializing' });
    });
  }

  test(
    'a file that the agent may not read',
    { skip: process.getuid?.() === 0 && 'root reads every file' },
    async (t) => {
      const { home, ask } = await setUp(t);
      await writeFile(path(home), keyFile());
      await chmod(path(home), 0);
      const { status, body } = await ask('/v0/node-id');
      assert.deepEqual([status, (body as ApiErrorBody).code], [409, 'node-key-invalid']);
      assert.match((body as ApiErrorBody).error, /run the agent as the owner/);
      await rm(path(home));
    },
  );
});
