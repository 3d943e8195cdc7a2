import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFile, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import { after, before, describe, test, type TestContext } from 'node:test';
import { systemClock } from '@nodetask/runtime';
import { momentText, sleep, type TaskError } from '@nodetask/shared';
import {
  type Chain,
  type HttpFaultReply,
  s3Error,
  startChain,
  startFaultProxy,
  startHttpFaultProxy,
  targetOf,
} from '@nodetask/testbed';
import type { ProgressUpdate } from '../src/engine/task-handler.ts';
import { hostileAnswers } from '../src/node/testing/hostile-answers.ts';
import { sendJson, startServer } from '../src/node/testing/http-server.ts';
import { type RunOptions, runTask } from '../src/tasks/testing/run-task.ts';
import { startTestS3, testBucket } from './support/object-store.ts';
import {
  assertComplete,
  assertFaithful,
  exportHandler,
  type HandlerSettings,
  makeHome,
  readPages,
} from './support/result-export.ts';

/** result-export where the RPC or the store is slow, broken or hostile. */

const s3 = await startTestS3();

const params = (prefix: string, more: object = {}, endpoint = s3.endpoint): Record<string, unknown> => ({
  ...s3.params(testBucket, endpoint),
  prefix,
  pageSize: 20,
  ...more,
});

const KiB = 1024;
const MiB = 1024 * KiB;
/** Faults end soon, and hostile answers soon are too large. */
const tuning = { callTimeoutMs: 1_200, tries: 2, firstPauseMs: 5, budgetBytes: 256 * KiB, largestBytes: 256 * KiB };

describe('a real chain', () => {
  let chain: Chain;
  before(async () => {
    chain = await startChain({ timeoutCommit: '30ms' });
    await chain.validator.waitForHeight(150);
  });
  after(async () => {
    await chain.stop();
  });
  /** A start that leaves about `blocks` blocks to export, however long the tests before took. */
  const recent = async (blocks = 130): Promise<number> => (await chain.validator.height()) - blocks;

  test('behind 20 ms of latency, as many blocks are on their way at once as they may be', async (t) => {
    let atOnce = 0;
    let most = 0;
    const rule = async (): Promise<undefined> => {
      most = Math.max(most, ++atOnce);
      await sleep(systemClock, 20);
      atOnce--;
    };
    await using rpc = await startHttpFaultProxy({ target: targetOf(chain.validator.rpcUrl), rule });
    const handler = await exportHandler(t, { nodeRPC: rpc.endpoint });
    const report = await runTask('result-export', handler, params('latency', { pageSize: 50, concurrency: 12 }));
    assert.equal(assertComplete(await readPages(s3, 'latency/'), 1), report.output?.['lastExportedHeight']);
    assert.equal(most, 12);
  });

  test('that now and then answers with an error is asked again, and no error becomes a block', async (t) => {
    const rpcError = {
      jsonrpc: '2.0',
      id: -1,
      error: { code: -32603, message: 'Internal error', data: 'now and then' },
    };
    const faults: readonly HttpFaultReply[] = [
      { status: 200, body: JSON.stringify(rpcError) },
      { status: 500, body: JSON.stringify(rpcError) },
      { status: 502, body: '<html>bad gateway</html>' },
      { status: 200, body: 'null' },
      { status: 200, body: '{"jsonrpc":"2.0","id":-1,"result":null}' },
      { status: 200, body: '{"jsonrpc":"2.0","id":-1,"result":{"height":"1' },
      { status: 200, body: '{"jsonrpc":"2.0","id":-1,"result":{"height":"999999"}}' },
      { status: 503 },
    ];
    let asked = 0;
    const rule = (): HttpFaultReply | undefined =>
      ++asked % 4 === 0 ? faults[(asked / 4) % faults.length] : undefined;
    await using rpc = await startHttpFaultProxy({ target: targetOf(chain.validator.rpcUrl), rule });
    const handler = await exportHandler(t, { nodeRPC: rpc.endpoint, tuning: { firstPauseMs: 5 } });
    const startHeight = await recent();
    // One at a time, so that no block meets the fault at each of its tries.
    const report = await runTask('result-export', handler, params('errors', { concurrency: 1, startHeight }));
    const pages = await readPages(s3, 'errors/');
    assert.equal(assertComplete(pages, startHeight), report.output?.['lastExportedHeight']);
    assert.ok(rpc.exchanges.filter(({ fault }) => fault).length > 30);
    await assertFaithful(pages, chain.validator);
  });

  test('whose connections are reset and cut all the time', async (t) => {
    await using rpc = await startFaultProxy({ target: targetOf(chain.validator.rpcUrl) });
    const handler = await exportHandler(t, { nodeRPC: rpc.url('http'), tuning: { firstPauseMs: 5, tries: 8 } });
    await rpc.setMode({ kind: 'reset', direction: 'toClient', afterBytes: 2_000 });
    const startHeight = await recent();
    let kinds = 0;
    const onProgress = ({ done }: ProgressUpdate): void => {
      if (done % 40 !== 0) return;
      const kind = kinds++ % 2 === 0 ? 'cut' : 'reset';
      void rpc.setMode({ kind, direction: 'toClient', afterBytes: 2_000 + done }, 'new');
    };
    const report = await runTask('result-export', handler, params('resets', { startHeight }), { onProgress });
    const pages = await readPages(s3, 'resets/');
    assert.equal(assertComplete(pages, startHeight), report.output?.['lastExportedHeight']);
    assert.ok(rpc.counters.faults >= 5, JSON.stringify(rpc.counters));
    await assertFaithful(pages, chain.validator);
  });

  test('an RPC that goes down in the middle: what is complete counts, the rest comes with the next run', async (t) => {
    await using rpc = await startFaultProxy({ target: targetOf(chain.validator.rpcUrl) });
    const home = await makeHome(t);
    const handler = await exportHandler(t, { home, nodeRPC: rpc.url('http'), tuning });
    const startHeight = await recent();
    const onProgress = ({ done }: ProgressUpdate): void => {
      if (done !== 50) return;
      void rpc.setMode({ kind: 'refuse' });
      rpc.resetConnections();
    };
    await assert.rejects(
      runTask('result-export', handler, params('down', { concurrency: 4, startHeight }), { onProgress }),
      ({ code, retriable, output, message }: TaskError) => {
        assert.deepEqual([code, retriable], ['rpc-unreachable', true]);
        assert.match(message, /\/block_results: .*\(tried 2 times\)/);
        assert.deepEqual(
          [output?.['pages'], output?.['blocks'], output?.['lastExportedHeight']],
          [2, 40, startHeight + 39],
        );
        return true;
      },
    );
    assert.equal(assertComplete(await readPages(s3, 'down/'), startHeight), startHeight + 39);
    await rpc.setMode({ kind: 'pass' });
    await runTask('result-export', handler, params('down'));
    assert.ok(assertComplete(await readPages(s3, 'down/'), startHeight) > startHeight + 39);
  });

  test('a store that throttles, resets, and is down for good', async (t) => {
    const startHeight = await recent();
    const more = { pageSize: 40, startHeight };
    let asked = 0;
    await using http = await s3.startHttpFaultProxy(() => (++asked % 3 === 1 ? s3Error(503, 'SlowDown') : undefined));
    const home = await makeHome(t);
    const handler = await exportHandler(t, { home, nodeRPC: chain.validator.rpcUrl });
    await runTask('result-export', handler, params('throttled', more, http.endpoint));
    assertComplete(await readPages(s3, 'throttled/'), startHeight);
    assert.ok(http.exchanges.some(({ fault }) => fault));

    await using tcp = await s3.startFaultProxy();
    // Fewer bytes than the headers of any request, so that what is reset does not hang on the size of a page.
    await tcp.setMode({ kind: 'reset', direction: 'toServer', afterBytes: 300 });
    const reset = runTask('result-export', handler, params('reset', more, tcp.url('http')));
    await tcp.until(({ faults }) => faults >= 2);
    await tcp.setMode({ kind: 'pass' });
    await reset;
    assertComplete(await readPages(s3, 'reset/'), startHeight);

    await tcp.setMode({ kind: 'refuse' });
    tcp.resetConnections();
    const { lastExportedHeight } = (await reset).output ?? {};
    await chain.validator.waitForHeight(Number(lastExportedHeight) + 45);
    const down = runTask('result-export', handler, params('reset', more, tcp.url('http')));
    await assert.rejects(down, { code: 'object-store-unreachable', retriable: true });
    await tcp.setMode({ kind: 'pass' });
    await runTask('result-export', handler, params('reset', more, tcp.url('http')));
    assert.ok(assertComplete(await readPages(s3, 'reset/'), startHeight) > Number(lastExportedHeight));
  });
});

type Respond = (request: IncomingMessage, response: ServerResponse) => void;

interface NodeSettings extends Partial<HandlerSettings> {
  readonly latest?: number;
  readonly earliest?: number;
  readonly chainId?: () => string;
  readonly status?: Respond;
}

/** A node of our own making, to answer as no real one does. */
const startNode = async (t: TestContext, results: Respond, settings: NodeSettings = {}) => {
  const { latest = 40, earliest = 1, chainId = () => 'test-1', status, ...rest } = settings;
  const { url, requests } = await startServer(t, (request, response) => {
    if (request.url?.startsWith('/status') !== true) results(request, response);
    else if (status !== undefined) status(request, response);
    else {
      sendJson(response, {
        node_info: { id: 'ab'.repeat(20), network: chainId() },
        sync_info: { latest_block_height: String(latest), earliest_block_height: String(earliest) },
      });
    }
  });
  const home = rest.home ?? (await makeHome(t));
  const handler = await exportHandler(t, { nodeRPC: url, tuning, ...rest, home });
  return {
    home,
    requests,
    run: (given: object, options: RunOptions = {}) => runTask('result-export', handler, given, options),
  };
};

const heightOf = ({ url = '' }: IncomingMessage): number => Number(/height=(\d+)/.exec(url)?.[1]);

const goodResults: Respond = (request, response) => {
  sendJson(response, { height: String(heightOf(request)), txs_results: null });
};

describe('a hostile node', () => {
  const why: Readonly<Record<string, RegExp>> = {
    'null members': /height 7 and answers with those of height none/,
    'a node id that would break out of the file': /height 7 and answers with those of height none/,
  };
  for (const [index, [what, answer]] of Object.entries(hostileAnswers).entries()) {
    test(`${what} for block_results: a failure, and no block of it`, async (t) => {
      const prefix = `hostile-${index}`;
      const { run, home } = await startNode(t, (request, response) => {
        if (heightOf(request) === 7) answer.respond(request, response);
        else goodResults(request, response);
      });
      const started = performance.now();
      await assert.rejects(run(params(prefix, { pageSize: 5 })), (error: TaskError) => {
        assert.match(error.message, why[what] ?? answer.why);
        assert.deepEqual([error.output?.['pages'], error.output?.['lastExportedHeight']], [1, 5]);
        return true;
      });
      assert.ok(performance.now() - started < 5_000);
      assert.equal(assertComplete(await readPages(s3, prefix), 1), 5);
      const [folder = ''] = await readdir(join(home, '.nodetask', 'result-export'));
      const state = await readFile(join(home, '.nodetask', 'result-export', folder, 'state.json'), 'utf8');
      assert.match(state, /"exported":5,"begun":\{"from":6,"to":10\}/);
    });

    test(`${what} for the status: a failure, and nothing is asked or written`, async (t) => {
      const { run, home, requests } = await startNode(t, goodResults, { status: answer.respond });
      await assert.rejects(run(params('status')), (error: TaskError) => {
        assert.match(error.message, answer.why);
        return true;
      });
      assert.ok(requests.every((path) => path.startsWith('/status')));
      assert.deepEqual(await readdir(home), []);
    });
  }

  test('the results of another height, and bytes that are not UTF-8', async (t) => {
    const other = await startNode(t, (_, response) => {
      sendJson(response, { height: '1' });
    });
    await assert.rejects(other.run(params('other-height')), {
      code: 'rpc-invalid',
      message: /asked for block_results of height 2 and answers with those of height "1"/,
    });
    const latin1 = await startNode(t, (_, response) =>
      response.end(Buffer.from('{"height":"1","x":"\xff"}', 'latin1')),
    );
    await assert.rejects(latin1.run(params('latin1')), { code: 'rpc-invalid', message: /not UTF-8/ });
    assert.deepEqual(await s3.files.list(testBucket, 'other-height/'), []);
  });

  test('blocks that it has pruned are not skipped', async (t) => {
    const home = await makeHome(t);
    const full = await startNode(t, goodResults, { home, latest: 40 });
    await full.run(params('pruned'));
    const pruned = await startNode(t, goodResults, { home, latest: 200, earliest: 42 });
    await assert.rejects(pruned.run(params('pruned')), { code: 'blocks-pruned', message: /41.*from 42 only/ });
    await assert.rejects(pruned.run(params('pruned-start', { startHeight: 41 })), { code: 'blocks-pruned' });
    const barely = await startNode(t, goodResults, { home, latest: 200, earliest: 41 });
    await barely.run(params('pruned'));
    assert.equal(assertComplete(await readPages(s3, 'pruned/'), 1), 200);
  });

  test('a node that turns up on another chain: a daemon ends, and nothing of that chain is exported', async (t) => {
    let chainId = 'test-1';
    let latest = 40;
    const home = await makeHome(t);
    const { run } = await startNode(
      t,
      (request, response) => {
        if (heightOf(request) === 40) chainId = 'other-1';
        goodResults(request, response);
      },
      {
        home,
        status: (_, response) => {
          sendJson(response, {
            node_info: { id: 'ab'.repeat(20), network: chainId },
            sync_info: { latest_block_height: String((latest += 20)), earliest_block_height: '1' },
          });
        },
      },
    );
    await assert.rejects(run(params('swapped'), { kind: 'daemon' }), { code: 'chain-mismatch', retriable: false });
    assert.ok(assertComplete(await readPages(s3, 'swapped/'), 1) >= 40);
  });
});

describe('large results', () => {
  const noise = randomBytes(600 * KiB).toString('base64');
  const largeResults: Respond = (request, response) => {
    const height = heightOf(request);
    // Each block its own, or the compressor would find the last one again.
    sendJson(response, { height: String(height), data: noise.slice(height * 1_000) + noise.slice(0, height * 1_000) });
  };

  test('go through a window whose memory is bounded, and a page of many parts', async (t) => {
    const { run } = await startNode(t, largeResults, { latest: 40, tuning: { budgetBytes: 4 * MiB } });
    const report = await run(params('large', { pageSize: 40 }));
    const [page] = await readPages(s3, 'large/');
    assert.equal(page?.blocks.length, 40);
    for (const { height, results } of page.blocks) {
      const { data } = results as { data: string };
      assert.equal(data, noise.slice(height * 1_000) + noise.slice(0, height * 1_000));
    }
    assert.ok(Number(report.output?.['bytes']) > 16 * MiB);
    assert.deepEqual(await s3.files.uploads(testBucket), []);
  });

  test('a cancel in the middle of a page ends within 2 s and leaves no upload behind', async (t) => {
    const controller = new AbortController();
    const reason = new Error('cancelled by a test');
    const { promise: reached, resolve } = Promise.withResolvers<undefined>();
    const respond: Respond = (request, response) => {
      // The page is never complete.
      if (heightOf(request) < 35) largeResults(request, response);
      else resolve(undefined);
    };
    const { run } = await startNode(t, respond, { tuning: {} });
    const running = assert.rejects(
      run(params('cancelled', { pageSize: 40, concurrency: 4 }), { signal: controller.signal }),
      reason,
    );
    await reached;
    assert.equal((await s3.files.uploads(testBucket)).length, 1);
    const at = performance.now();
    controller.abort(reason);
    await running;
    assert.ok(performance.now() - at < 2_000);
    assert.deepEqual(await s3.files.uploads(testBucket), []);
    assert.deepEqual(await s3.files.list(testBucket, 'cancelled/'), []);
  });
});

/** The file in which the agent of this home remembers its newest page. */
const newestFile = async (home: string): Promise<string> => {
  const folder = join(home, '.nodetask', 'result-export');
  const [id = ''] = await readdir(folder);
  return join(folder, id, 'newest-page.json');
};

/** Makes the newest page two hours old; answers when it was written then. */
const age = async (home: string): Promise<string> => {
  const at = new Date(Date.now() - 7_200_000).toISOString();
  const path = await newestFile(home);
  await writeFile(path, (await readFile(path, 'utf8')).replace(/"at":"[^"]*"/, `"at":"${at}"`));
  return at;
};

describe('an export with maxAgeSeconds', () => {
  test('fails where its newest page is older than that and nothing can be exported, and says why', async (t) => {
    const { run, home } = await startNode(t, goodResults);
    const given = params('age', { maxAgeSeconds: 3600 });
    await assert.rejects(run({ ...given, startHeight: 100 }), {
      code: 'upload-too-old',
      retriable: false,
      message:
        /nothing is uploaded at s3:\/\/.*age\/.* yet, .*; nothing exported: the node is at height 40, and the first/,
    });
    assert.equal((await run(given)).outcome, 'changed');
    assert.equal((await run(given)).outcome, 'unchanged');
    const at = await age(home);
    await assert.rejects(run(given), (error: TaskError) => {
      assert.equal(error.code, 'upload-too-old');
      assert.match(
        error.message,
        new RegExp(
          `^the newest upload, s3://.*age/21-40\\.ndjson\\.gz.* of ${momentText(at)}, is 72\\d\\d s old, and may be 3600 s old .*; every block up to 40`,
        ),
      );
      assert.deepEqual([error.output?.['blocks'], error.output?.['newestUploadAt']], [0, at]);
      return true;
    });
    assert.equal((await run({ ...given, maxAgeSeconds: 9000 })).outcome, 'unchanged');

    // After an agent that kept no time, the last change of its state counts.
    const path = await newestFile(home);
    await rm(path);
    assert.equal((await run(given)).outcome, 'unchanged');
    const hours = Date.now() / 1000 - 7200;
    await utimes(path.replace('newest-page', 'state'), hours, hours);
    await assert.rejects(run(given), { code: 'upload-too-old', message: /the page that ends at 40/ });
  });

  test('ends as a daemon once its newest page is too old, whatever keeps it from the next', async (t) => {
    const home = await makeHome(t);
    const given = params('age-daemon', { maxAgeSeconds: 3600 });
    await (await startNode(t, goodResults, { home })).run(given);
    const at = await age(home);
    const daemon = { kind: 'daemon' } as const;
    const idle = await startNode(t, goodResults, { home });
    await assert.rejects(idle.run(given, daemon), { code: 'upload-too-old', message: /every block up to 40/ });
    const behind = await startNode(t, goodResults, { home, latest: 30 });
    await assert.rejects(behind.run(given, daemon), { code: 'upload-too-old', message: /the node is at height 30/ });
    const broken = await startNode(t, goodResults, {
      home,
      latest: 90,
      status: (_, response) => response.writeHead(503).end(),
    });
    await assert.rejects(broken.run(given, daemon), {
      code: 'upload-too-old',
      message: new RegExp(`of ${momentText(at)}, is .*; .*HTTP status 503.* \\(tried 2 times\\)`),
    });
  });

  test('gives a daemon that has exported nothing yet the same time from its submission', async (t) => {
    const { run, home } = await startNode(t, goodResults, { latest: 3 });
    const given = params('age-first', { maxAgeSeconds: 3600 });
    const submittedAt = new Date(Date.now() - 7_200_000).toISOString();
    await assert.rejects(run(given, { kind: 'daemon', submittedAt }), { code: 'upload-too-old', message: /yet/ });

    const controller = new AbortController();
    const reason = new Error('the test has seen enough');
    const waiting = run(given, {
      kind: 'daemon',
      signal: controller.signal,
      onProgress: () => {
        controller.abort(reason);
      },
    });
    await assert.rejects(waiting, reason);
    assert.deepEqual(await readdir(home), []);
  });
});

test('a daemon tells the error that it waits out with its progress, and when it gets on', async (t) => {
  let down = true;
  const { run } = await startNode(t, goodResults, {
    status: (_, response) => {
      if (down) response.writeHead(503).end();
      else {
        sendJson(response, {
          node_info: { id: 'ab'.repeat(20), network: 'test-1' },
          sync_info: { latest_block_height: '40', earliest_block_height: '1' },
        });
      }
    },
  });
  const controller = new AbortController();
  const reason = new Error('the test has seen enough');
  const seen: string[] = [];
  const ended = run(params('stalled'), {
    kind: 'daemon',
    signal: controller.signal,
    onAdvance: () => seen.push('advanced'),
    onProgress: ({ stage, failure }) => {
      seen.push(failure === undefined ? stage : `${stage}: ${failure.message}`);
      if (failure !== undefined) down = false;
      if (stage === 'follow') controller.abort(reason);
    },
  });
  await assert.rejects(ended, reason);
  assert.match(seen[0] ?? '', /^retry after rpc-invalid: .*HTTP status 503/);
  const told = seen.slice(1).filter((one, index, all) => one !== all[index - 1]);
  // Once for each of the two pages, then for the passes that went well.
  assert.deepEqual(told, ['export', 'advanced', 'export', 'advanced', 'follow']);
});
