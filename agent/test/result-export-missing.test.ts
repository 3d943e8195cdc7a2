import assert from 'node:assert/strict';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { join } from 'node:path';
import { after, before, describe, test, type TestContext } from 'node:test';
import { type Chain, startChain } from '@nodetask/testbed';
import { sendJson, startServer } from '../src/node/testing/http-server.ts';
import { runTask } from '../src/tasks/testing/run-task.ts';
import { startTestS3, testBucket } from './support/object-store.ts';
import { assertComplete, exportHandler, makeHome, readPages } from './support/result-export.ts';

/** result-export from nodes that lack the results of some blocks, or of all. */

const s3 = await startTestS3();
const params = (prefix: string, more: object = {}): object => ({
  ...s3.params(testBucket),
  prefix,
  pageSize: 10,
  ...more,
});
const quick = { tries: 2, firstPauseMs: 5 };

const refuse = (response: ServerResponse, data: string): void => {
  response.statusCode = 500;
  sendJson(response, { jsonrpc: '2.0', id: -1, error: { code: -32603, message: 'Internal error', data } });
};

/** A node that has blocks from 30 to 80, and says 0 as its earliest height. */
const startPrunedNode = async (t: TestContext) => {
  const { url } = await startServer(t, (request, response) => {
    const height = Number(/height=(\d+)/.exec(request.url ?? '')?.[1]);
    if (request.url?.startsWith('/status') === true) {
      sendJson(response, {
        node_info: { id: 'ab'.repeat(20), network: 'test-1' },
        sync_info: { latest_block_height: '80', earliest_block_height: '0' },
      });
    } else if (height < 30) refuse(response, `height ${String(height)} is not available, lowest height is 30`);
    else sendJson(response, { jsonrpc: '2.0', id: -1, result: { height: String(height), txs_results: null } });
  });
  const home = await makeHome(t);
  const handler = await exportHandler(t, { home, nodeRPC: url, tuning: quick });
  return { home, run: (given: object) => runTask('result-export', handler, given) };
};

describe('a node that says 0 as its earliest height and has blocks from 30', () => {
  test('is exported from the lowest height that it names', async (t) => {
    const { run } = await startPrunedNode(t);
    const { output } = await run(params('lowest'));
    assert.equal(output?.['lastExportedHeight'], 79);
    assert.equal(assertComplete(await readPages(s3, 'lowest/'), 30), 79);
  });

  test('fails with blocks-pruned, and without a further try, if startHeight is below that', async (t) => {
    const { run, home } = await startPrunedNode(t);
    await assert.rejects(run(params('too-low', { startHeight: 5 })), {
      code: 'blocks-pruned',
      retriable: false,
      message: /the next block to export is 5, .* has blocks from 30 only; nothing was skipped/,
    });

    // The page that was begun there does not bind a run with another start.
    assert.equal((await readdir(join(home, '.nodetask', 'result-export'))).length, 1);
    await run(params('too-low', { startHeight: 31 }));
    assert.equal(assertComplete(await readPages(s3, 'too-low/'), 31), 80);
  });

  test('a start above what the destination holds is refused, because it would leave a gap', async (t) => {
    const { run } = await startPrunedNode(t);
    await run(params('gap', { startHeight: 30 }));
    await assert.rejects(run(params('gap', { startHeight: 81 })), {
      code: 'start-height-conflict',
      message: /startHeight is 81, and this destination holds blocks up to 79/,
    });
    const again = await run(params('gap', { startHeight: 30 }));
    assert.deepEqual([again.outcome, again.output?.['reason']], ['unchanged', 'page-not-full']);
  });
});

const writeGenesis = async (home: string, chainId: string): Promise<void> => {
  await mkdir(join(home, 'config'), { recursive: true });
  await writeFile(join(home, 'config', 'genesis.json'), JSON.stringify({ chain_id: chainId, app_state: {} }));
};

describe('a node of another chain than the genesis of the home', () => {
  test('is not exported', async (t) => {
    const { run, home } = await startPrunedNode(t);
    await writeGenesis(home, 'own-1');
    await assert.rejects(run(params('other-chain')), {
      code: 'chain-mismatch',
      message: /is on chain test-1, but config\/genesis\.json of the node says own-1; nothing was exported/,
    });
    assert.deepEqual(await s3.files.list(testBucket, 'other-chain/'), []);
  });

  test('the output says if there was a genesis to compare with', async (t) => {
    const { run, home } = await startPrunedNode(t);
    assert.equal((await run(params('compared'))).output?.['chainVerified'], 'genesis-missing');
    await writeGenesis(home, 'test-1');
    assert.equal((await run(params('compared'))).output?.['chainVerified'], 'verified');
  });
});

describe('a real node that discards the results of blocks', () => {
  let chain: Chain;
  before(async () => {
    chain = await startChain({
      timeoutCommit: '50ms',
      config: { storage: { discard_abci_responses: true } },
    });
    await chain.validator.waitForHeight(30);
  });
  after(async () => {
    await chain.stop();
  });

  test('ends an export, also a daemon, with results-discarded and the setting to change', async (t) => {
    const handler = await exportHandler(t, { nodeRPC: chain.validator.rpcUrl, tuning: quick });
    for (const kind of ['one-shot', 'daemon'] as const) {
      await assert.rejects(runTask('result-export', handler, params(`discarded-${kind}`), { kind }), {
        code: 'results-discarded',
        retriable: false,
        message: /set storage\.discard_abci_responses = false/,
      });
    }
  });

  test('names the blocks whose results are gone once it keeps results again', async (t) => {
    const { validator } = chain;
    await validator.stop();
    await validator.configure({ storage: { discard_abci_responses: false } });
    await validator.start();
    const from = (await validator.height()) + 1;
    await validator.waitForHeight(from + 30);
    const handler = await exportHandler(t, { nodeRPC: validator.rpcUrl, tuning: quick });
    await assert.rejects(runTask('result-export', handler, params('kept')), {
      code: 'results-missing',
      retriable: false,
      message: /has block \d+ but not its results/,
    });
    await runTask('result-export', handler, params('kept', { startHeight: from }));
    assert.ok(assertComplete(await readPages(s3, 'kept/'), from) >= from + 10);
  });
});
