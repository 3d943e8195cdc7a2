import assert from 'node:assert/strict';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { type Chain, startChain } from '@nodetask/testbed';
import { AgentLauncher } from './support/agent-launcher.ts';
import { urlOf } from './support/agent-calls.ts';

/** The real agent beside real nodes, and what the nodes say of themselves: `cometbft show-node-id` (which is nodeId here) and their RPC. */

let chain: Chain;

before(async () => {
  chain = await startChain();
});

after(async () => {
  await chain.stop();
});

const askAgent = async (home: string, ...paths: readonly string[]): Promise<readonly unknown[]> => {
  await using launcher = new AgentLauncher(home);
  const url = await urlOf(launcher.launch());
  return await Promise.all(paths.map(async (path) => (await fetch(url + path)).json()));
};

describe('the id that the agent tells', { timeout: 120_000 }, () => {
  test('is the one of show-node-id and of the RPC of a node that runs', async () => {
    const { validator } = chain;
    const status = (await validator.rpc('/status')) as { readonly node_info: { readonly id: string } };
    assert.equal(status.node_info.id, validator.nodeId);
    assert.deepEqual(await askAgent(validator.home, '/v0/node-id', '/v0/status'), [
      { nodeId: validator.nodeId },
      { status: 'Initializing', nodeId: validator.nodeId },
    ]);
  });

  test('is the one of a node that has never run, and stays if the node keeps its key elsewhere', async () => {
    const node = await chain.addFollower();
    assert.notEqual(node.nodeId, chain.validator.nodeId);
    assert.deepEqual(await askAgent(node.home, '/v0/node-id'), [{ nodeId: node.nodeId }]);
    await mkdir(join(node.home, 'keys'));
    await rename(join(node.home, 'config/node_key.json'), join(node.home, 'keys/node.json'));
    const text = await readFile(node.configFile, 'utf8');
    const moved = text.replace('node_key_file = "config/node_key.json"', 'node_key_file = "keys/node.json"');
    assert.notEqual(moved, text);
    await writeFile(node.configFile, moved);
    await node.start();
    const status = (await node.rpc('/status')) as { readonly node_info: { readonly id: string } };
    assert.equal(status.node_info.id, node.nodeId, 'the node has its key from there');
    assert.deepEqual(await askAgent(node.home, '/v0/node-id'), [{ nodeId: node.nodeId }]);
  });
});
