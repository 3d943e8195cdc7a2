import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test, type TestContext } from 'node:test';
import { systemClock } from '@nodetask/runtime';
import { silentLogger, type TaskType } from '@nodetask/shared';
import { type Chain, type ChainNode, startChain, waitFor } from '@nodetask/testbed';
import { parse } from 'smol-toml';
import type { BlockHeights } from '../src/engine/block-heights.ts';
import type { TaskHandler, TaskHandlers, TaskReport } from '../src/engine/task-handler.ts';
import { rpcBlockHeights } from '../src/node/block-heights.ts';
import { createEgress } from '../src/node/testing/loopback-egress.ts';
import { createRpcClient } from '../src/node/rpc-client.ts';
import { createHandlers } from '../src/tasks/handlers.ts';
import { runTask } from '../src/tasks/testing/run-task.ts';

/** The task handlers on the home of a real CometBFT node, and the node's word on what they did. */

let chain: Chain;
before(async () => {
  chain = await startChain();
  await chain.validator.waitForHeight(2);
});
after(async () => {
  await chain.stop();
});

interface NodeParts {
  readonly handlers: TaskHandlers;
  readonly heights: BlockHeights;
}

const partsOf = (
  t: TestContext,
  { home, rpcUrl: nodeRPC }: { readonly home: string; readonly rpcUrl: string },
  allowHosts: readonly string[] = [chain.validator.address],
): NodeParts => {
  const egress = createEgress({ nodeRPC, allowHosts });
  t.after(() => egress.close());
  return {
    handlers: createHandlers({
      home,
      stateFolder: join(home, '.nodetask'),
      nodeRPC,
      egress,
      clock: systemClock,
      hostname: 'test-host',
      cpus: 2,
    }),
    heights: rpcBlockHeights({
      rpc: createRpcClient(egress, systemClock),
      nodeRPC,
      clock: systemClock,
      logger: silentLogger,
    }),
  };
};

const run = (parts: NodeParts, type: TaskType, params: unknown): Promise<TaskReport> => {
  const handler: TaskHandler<never> | undefined = parts.handlers[type];
  assert.ok(handler !== undefined, type);
  return runTask(type, handler, params);
};

const makeFollower = async (t: TestContext): Promise<ChainNode> => {
  const follower = await chain.addFollower();
  t.after(() => follower.stop());
  return follower;
};

interface StatusAnswer {
  readonly node_info: { readonly moniker: string; readonly network: string };
}

const statusOf = async (node: ChainNode): Promise<StatusAnswer> => (await node.rpc('/status')) as StatusAnswer;

describe('the config.toml that cometbft init writes', () => {
  test('a patch with what it says already changes no byte', async (t) => {
    const follower = await makeFollower(t);
    const text = await readFile(follower.configFile, 'utf8');
    // Floats and dates aside, which this file has none of, its own content is a patch that asks for nothing new.
    const patch = parse(text);
    const report = await run(partsOf(t, follower), 'config-patch', { files: { 'config.toml': patch } });
    assert.equal(report.outcome, 'unchanged');
    assert.equal(await readFile(follower.configFile, 'utf8'), text);
  });
});

describe('a node takes what the tasks write', () => {
  test('config-patch and config-apply, in the spelling of Sei, then config-validate', async (t) => {
    const follower = await makeFollower(t);
    const parts = partsOf(t, follower);
    const patched = await run(parts, 'config-patch', {
      files: {
        'config.toml': { moniker: 'patched', 'tx-index': { indexer: 'null' }, rpc: { 'max-open-connections': 77 } },
      },
      remove: { 'config.toml': ['p2p.seed-mode'] },
    });
    assert.equal(patched.outcome, 'changed');
    const applied = await run(parts, 'config-apply', { incremental: true, overrides: { 'mempool.size': '1234' } });
    assert.deepEqual(applied.output?.['changes'], [{ file: 'config.toml', key: 'mempool.size', from: 5000, to: 1234 }]);
    const validated = await run(parts, 'config-validate', {});
    assert.equal(validated.output?.['valid'], true);
    const config = parse(await readFile(follower.configFile, 'utf8')) as Record<string, Record<string, unknown>>;
    assert.deepEqual(
      [config['tx_index']?.['indexer'], config['rpc']?.['max_open_connections'], config['mempool']?.['size']],
      ['null', 77, 1234],
    );

    await follower.start();
    assert.equal((await statusOf(follower)).node_info.moniker, 'patched');
    await follower.waitForHeight(3);
  });

  test('configure-genesis from the RPC of another node: it joins the chain', async (t) => {
    const follower = await makeFollower(t);
    await rm(follower.genesisFile);
    const parts = partsOf(t, follower);
    const report = await run(parts, 'configure-genesis', { rpc: chain.validator.rpcUrl, chainId: 'nodetask-1' });
    assert.equal(report.outcome, 'changed');
    const text = await readFile(follower.genesisFile);
    assert.deepEqual(report.output, {
      sha256: createHash('sha256').update(text).digest('hex'),
      chainId: 'nodetask-1',
      bytes: text.length,
    });
    assert.equal((await run(parts, 'configure-genesis', { rpc: chain.validator.rpcUrl })).outcome, 'unchanged');
    await assert.rejects(run(parts, 'configure-genesis', { rpc: chain.validator.rpcUrl, chainId: 'other' }), {
      code: 'chain-mismatch',
    });
    assert.deepEqual(await readFile(follower.genesisFile), text);

    await follower.start();
    assert.equal((await statusOf(follower)).node_info.network, 'nodetask-1');
    await follower.waitForHeight(3);
  });

  test('configure-genesis in several chunks: a genesis of 17 MiB', async (t) => {
    // A chain of its own without validators at work: it makes no blocks, and serves its genesis.
    const node = await makeFollower(t);
    const genesis = JSON.parse(await readFile(node.genesisFile, 'utf8')) as Record<string, unknown>;
    const pad = 'é'.repeat((17 * 1024 * 1024) / 2);
    await writeFile(node.genesisFile, JSON.stringify({ ...genesis, chain_id: 'large-1', app_state: { pad } }));
    await node.start();
    const target = await makeFollower(t);
    const parts = partsOf(t, { home: target.home, rpcUrl: node.rpcUrl }, []);
    const report = await run(parts, 'configure-genesis', { rpc: node.rpcUrl, chainId: 'large-1' });
    assert.equal(report.outcome, 'changed');
    assert.ok(Number(report.output?.['bytes']) > 16 * 1024 * 1024);
    const fetched = JSON.parse(await readFile(target.genesisFile, 'utf8')) as {
      app_state: { pad: string };
      chain_id: string;
    };
    assert.equal(fetched.app_state.pad, pad);
    // The RPC has no port of its own in --node-rpc or --allow-host now: refused.
    const closed = partsOf(t, { home: target.home, rpcUrl: 'http://127.0.0.1:1' }, []);
    await assert.rejects(run(closed, 'configure-genesis', { rpc: node.rpcUrl }), { code: 'egress-refused' });
  });
});

const until = (condition: () => boolean): Promise<unknown> =>
  waitFor(() => Promise.resolve(condition()), { what: 'new heights', timeoutMs: 60_000, intervalMs: 20 });

test('block heights follow the node through a restart', async (t) => {
  const follower = await makeFollower(t);
  await follower.start();
  const { heights } = partsOf(t, follower);
  const controller = new AbortController();
  const seen: number[] = [];
  const watch = heights.watch((height) => seen.push(height), controller.signal);
  await until(() => seen.filter((height) => height > 0).length >= 3);
  await follower.stop();
  const last = seen.at(-1) ?? 0;
  await follower.start();
  await until(() => (seen.at(-1) ?? 0) > last + 1);
  controller.abort(new Error('the test has seen enough'));
  await watch;
  assert.deepEqual(
    seen,
    [...seen].sort((a, b) => a - b),
  );
  assert.equal(new Set(seen).size, seen.length);
});
