import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setNodeConfig } from './node-config.ts';

const TEXT = `# a comment
moniker = "vm"

[rpc]
laddr = "tcp://127.0.0.1:26657" # where

[p2p]
laddr = "tcp://0.0.0.0:26656"
pex = true
`;

test('sets a key in its section and leaves the rest', () => {
  assert.equal(
    setNodeConfig(TEXT, { '': { moniker: 'a "b"' }, p2p: { laddr: 'tcp://127.1.1.1:1', pex: false } }),
    TEXT.replace('"vm"', '"a \\"b\\""').replace('tcp://0.0.0.0:26656', 'tcp://127.1.1.1:1').replace('true', 'false'),
  );
});

test('refuses a key that the section does not have', () => {
  assert.throws(() => setNodeConfig(TEXT, { rpc: { pex: true } }), /config\.toml has no pex in its section \[rpc\]/);
});
