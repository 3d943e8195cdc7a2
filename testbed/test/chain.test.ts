import assert from 'node:assert/strict';
import { readFile, stat } from 'node:fs/promises';
import { after, before, describe, test } from 'node:test';
import { startChain } from '@nodetask/testbed';
import type { Chain } from '@nodetask/testbed';

describe('chain', { timeout: 60_000 }, () => {
  let chain: Chain;
  before(async () => {
    chain = await startChain({ chainId: 'testbed-1', timeoutCommit: '20ms' });
  });
  after(async () => {
    await chain.stop();
  });

  test('makes blocks under its chain id', async () => {
    const first = await chain.validator.height();
    assert.ok((await chain.validator.waitForHeight(first + 5)) >= first + 5);
    assert.equal(await chain.validator.chainId(), 'testbed-1');
  });

  test('its home is that of a real node', async () => {
    const config = await readFile(chain.validator.configFile, 'utf8');
    assert.match(config, /^timeout_commit = "20ms"$/m);
    assert.match(await readFile(chain.validator.genesisFile, 'utf8'), /"chain_id": "testbed-1"/);
    assert.match(chain.validator.nodeId, /^[0-9a-f]{40}$/);
  });

  test('a follower with the same genesis gets the blocks', async () => {
    await using follower = await chain.addFollower({ name: 'second' });
    await follower.start();
    const tip = await chain.validator.height();
    await follower.waitForHeight(tip);
    assert.notEqual(follower.address, chain.validator.address);
    assert.deepEqual(await follower.rpc('/block?height=2'), await chain.validator.rpc('/block?height=2'));
  });

  test('goes on from its home after a kill', async () => {
    const reached = await chain.validator.waitForHeight(3);
    await chain.validator.process.kill();
    await assert.rejects(chain.validator.height(), /fetch failed/);
    await chain.validator.start();
    await chain.validator.waitForHeight(reached + 2);
  });

  test('refuses a setting that config.toml does not have', async () => {
    await assert.rejects(
      chain.addFollower({ config: { p2p: { no_such_key: 1 } } }),
      /no no_such_key in its section \[p2p\]/,
    );
  });

  test('stop leaves no process and no folder', async () => {
    const own = await startChain();
    const { exited } = own.validator.process;
    await own.stop();
    // It answers before it traps SIGTERM, so that may end it too; what must not be needed is SIGKILL.
    assert.notEqual((await exited).signal, 'SIGKILL');
    await assert.rejects(stat(own.validator.home), { code: 'ENOENT' });
  });
});
