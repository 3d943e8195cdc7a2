/** A change of app.toml that makes a node delete history, and the blocks that a real node has after it. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { type ChainNode, type SdkChain, startSdkChain, waitFor } from '@nodetask/testbed';
import type { TaskReport } from '../src/engine/task-handler.ts';
import { nodeHome } from '../src/node/node-home.ts';
import { configPatch } from '../src/tasks/config-patch/config-patch.ts';
import { runTask } from '../src/tasks/testing/run-task.ts';

const patch = { pruning: 'everything', 'min-retain-blocks': 5 };

const run = (node: ChainNode, params: object): Promise<TaskReport> =>
  runTask('config-patch', configPatch(nodeHome(node.home)), { files: { 'app.toml': patch }, ...params });

const appOf = (node: ChainNode): Promise<string> => readFile(join(node.home, 'config', 'app.toml'), 'utf8');

/** True if the node has the state of the bank at a height. */
const hasState = async (node: ChainNode, height: number): Promise<boolean> => {
  const answer = (await node.rpc(`/abci_query?path="/store/bank/key"&data=0x02&height=${height}`)) as {
    readonly response: { readonly log: string };
  };
  assert.match(answer.response.log, /^(?:version does not exist)?$/);
  return answer.response.log === '';
};

describe('a change that makes a node delete history', { timeout: 120_000 }, () => {
  let chain: SdkChain;
  let node: ChainNode;
  before(async () => {
    chain = await startSdkChain({ validators: 1, snapshotInterval: 0, evidenceMaxAgeBlocks: 2 });
    const [validator] = chain.validators;
    assert.ok(validator !== undefined);
    node = validator;
    await node.waitForHeight(20);
    await node.stop();
  });
  after(() => chain.stop());

  test('is refused on a node that has blocks, and no byte is written', async () => {
    const text = await appOf(node);
    await assert.rejects(run(node, {}), {
      code: 'history-loss',
      message:
        /with pruning default \u2192 everything, min-retain-blocks 0 \u2192 5 the node would delete history that it has, for good \(it has the database \S+\); nothing was written: .*allowHistoryLoss/,
    });
    assert.equal(await appOf(node), text);
  });

  test('is free on a node that has none yet', async () => {
    const empty = await chain.addNode({ name: 'empty' });
    const { outcome, warnings } = await run(empty, {});
    assert.deepEqual([outcome, warnings], ['changed', undefined]);
  });

  test('goes through if the word is given, and the node deletes blocks and states', async () => {
    const height = 3;
    await node.start();
    await node.waitForHeight(25);
    assert.equal(await node.earliestHeight(), 1);
    assert.equal(await hasState(node, height), true);
    await node.stop();
    const { outcome, warnings } = await run(node, { allowHistoryLoss: true });
    assert.equal(outcome, 'changed');
    assert.match(warnings?.[0] ?? '', /deletes history that it has .*: pruning default \u2192 everything/);
    await node.start();
    await waitFor(async () => (await node.earliestHeight()) > 20 && !(await hasState(node, height)), {
      what: 'the node to have deleted its first blocks and states',
      timeoutMs: 60_000,
    });
  });
});
