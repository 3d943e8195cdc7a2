import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test, type TestContext } from 'node:test';
import { systemClock } from '@nodetask/runtime';
import type { TaskResult } from '@nodetask/shared';
import { type Chain, startChain, s3Error, startFaultProxy, targetOf, waitFor } from '@nodetask/testbed';
import { Engine } from '../src/engine/engine.ts';
import type { ProgressUpdate, TaskContext, TaskReport } from '../src/engine/task-handler.ts';
import { MemoryStore } from '../src/store/memory-store.ts';
import { runTask } from '../src/tasks/testing/run-task.ts';
import { startTestS3, testBucket } from './support/object-store.ts';
import {
  assertComplete,
  assertFaithful,
  exportHandler,
  type HandlerSettings,
  makeHome,
  readPages,
} from './support/result-export.ts';

/** result-export from a real chain that makes blocks all the time to a real S3 server. */

const s3 = await startTestS3();
let chain: Chain;
before(async () => {
  chain = await startChain({ timeoutCommit: '30ms' });
  await chain.validator.waitForHeight(60);
});
after(async () => {
  await chain.stop();
});

const params = (prefix: string, more: object = {}, endpoint = s3.endpoint): Record<string, unknown> => ({
  ...s3.params(testBucket, endpoint),
  prefix,
  pageSize: 20,
  ...more,
});

/** A start that leaves about `blocks` blocks to export, however long the tests before took. */
const recent = async (blocks = 60): Promise<number> => Math.max(1, (await chain.validator.height()) - blocks);

interface Runs {
  readonly home: string;
  readonly run: (params: object, options?: RunSettings) => Promise<TaskReport>;
}

interface RunSettings extends Partial<HandlerSettings> {
  readonly kind?: TaskContext<unknown>['kind'];
  readonly signal?: AbortSignal;
  readonly onProgress?: (update: ProgressUpdate) => void;
}

/** Runs the task as one agent does, again and again with the same state. */
const agent = async (t: TestContext, more: Partial<HandlerSettings> = {}): Promise<Runs> => {
  const home = await makeHome(t);
  return {
    home,
    run: async (given, { kind, signal, onProgress, ...settings } = {}) => {
      const handler = await exportHandler(t, { home, nodeRPC: chain.validator.rpcUrl, ...more, ...settings });
      return runTask('result-export', handler, given, {
        ...(kind === undefined ? {} : { kind }),
        ...(signal === undefined ? {} : { signal }),
        ...(onProgress === undefined ? {} : { onProgress }),
      });
    },
  };
};

/** Begins a daemon; `stop` cancels it and tells how long it took to end. */
const startDaemon = ({ run }: Runs, given: object, settings: RunSettings = {}) => {
  const controller = new AbortController();
  const progress: ProgressUpdate[] = [];
  const ended = run(given, {
    kind: 'daemon',
    signal: controller.signal,
    onProgress: (update) => progress.push(update),
    ...settings,
  });
  const failed = ended.then(() => assert.fail('the daemon returned'));
  // Asserted on in stop().
  failed.catch(() => undefined);
  return {
    progress,
    ended,
    /** Waits until its pages go beyond a height; answers the pages. */
    until: (prefix: string, height: number) => Promise.race([failed, untilExported(prefix, height)]),
    stop: async (): Promise<number> => {
      const reason = new Error('the test has seen enough');
      const at = performance.now();
      controller.abort(reason);
      await assert.rejects(ended, reason);
      return performance.now() - at;
    },
  };
};

/** Waits until the pages below the prefix go beyond a height; answers the pages. */
const untilExported = (prefix: string, height: number) =>
  waitFor(
    async () => {
      const keys = (await s3.files.list(testBucket, prefix)).map(({ key }) => Number(/-(\d+)\./.exec(key)?.[1]));
      return Math.max(0, ...keys) >= height ? readPages(s3, prefix) : undefined;
    },
    { what: `pages up to ${height} below ${prefix}`, timeoutMs: 60_000, intervalMs: 50 },
  );

describe('a one-shot', () => {
  test('exports full pages of a chain that grows, and goes on where it ended', async (t) => {
    const { run } = await agent(t);
    const progress: ProgressUpdate[] = [];
    const first = await run(params('grow'), { onProgress: (update) => progress.push(update) });
    assert.equal(first.outcome, 'changed');
    const pages = await readPages(s3, 'grow/');
    const last = assertComplete(pages, 1);
    const bytes = (await s3.files.list(testBucket, 'grow/')).reduce((sum, object) => sum + object.bytes, 0);
    assert.deepEqual(first.output, {
      chainVerified: 'genesis-missing',
      pages: pages.length,
      blocks: last,
      bytes,
      lastExportedHeight: last,
    });
    assert.ok(pages.length >= 3 && pages.every(({ blocks }) => blocks.length === 20));
    assert.deepEqual(progress.at(-1), { stage: 'export', done: last, total: last, unit: 'blocks' });
    await assertFaithful(pages, chain.validator);

    await chain.validator.waitForHeight(last + 25);
    const second = await run(params('grow/', { pageSize: 10, startHeight: 5 }));
    const all = await readPages(s3, 'grow/');
    assert.equal(assertComplete(all, 1), second.output?.['lastExportedHeight']);
    assert.equal(second.output?.['pages'], all.length - pages.length);
    assert.ok(all.slice(pages.length).every(({ blocks }) => blocks.length === 10));
  });

  test('with nothing to export changes nothing, and says why', async (t) => {
    const { run, home } = await agent(t);
    const none = { chainVerified: 'genesis-missing', pages: 0, blocks: 0, bytes: 0 };
    const { message: full, ...unchanged } = await run(params('none', { pageSize: 100_000 }));
    assert.deepEqual(unchanged, {
      outcome: 'unchanged',
      reason: 'page-not-full',
      output: { reason: 'page-not-full', ...none },
    });
    assert.match(full ?? '', /^\d+ blocks from 1 on wait for \d+ more/);
    const { message: early, ...skipped } = await run(params('none', { startHeight: 1_000_000 }));
    assert.deepEqual(skipped, {
      outcome: 'skipped',
      reason: 'start-not-reached',
      output: { reason: 'start-not-reached', ...none },
    });
    assert.match(early ?? '', /at height \d+, and the first to export is 1000000/);
    assert.deepEqual(await readdir(home), []);
    assert.deepEqual(await s3.files.list(testBucket, 'none/'), []);
  });

  test('writes the last page although it is not full where it should; the next begins after it', async (t) => {
    const { run } = await agent(t);
    let exported = 0;
    const startHeight = await recent();
    for (const more of [{ partialPage: true, startHeight }, { partialPage: true }, {}, { partialPage: true }]) {
      await chain.validator.waitForHeight(exported + 25);
      const { output } = await run(params('partial', more));
      exported = assertComplete(await readPages(s3, 'partial/'), startHeight);
      assert.equal(output?.['lastExportedHeight'], exported);
    }
    const short = (await readPages(s3, 'partial/')).filter(({ blocks }) => blocks.length !== 20);
    assert.ok(short.length >= 1 && short.length <= 3);
  });

  test('begins after the snapshot that was restored, unless told otherwise', async (t) => {
    const { run, home } = await agent(t);
    const restored = await recent();
    await writeFile(join(home, '.nodetask-snapshot-height'), `${restored}\n`);
    await run(params('restored'));
    assertComplete(await readPages(s3, 'restored/'), restored + 1);
    await run(params('restored-told', { startHeight: restored - 5 }));
    assertComplete(await readPages(s3, 'restored-told/'), restored - 5);
  });

  test('goes on where seictl stopped, in the pages that it would have made, and leaves its files alone', async (t) => {
    const { run, home } = await agent(t);
    const last = Math.floor((await recent()) / 20) * 20;
    const files = {
      '.sei-sidecar-last-export.json': `{"lastExportedHeight":${last}}`,
      '.sei-sidecar-snapshot-height': '5',
    };
    for (const [name, text] of Object.entries(files)) await writeFile(join(home, name), text);
    const first = await run(params('taken-over'));
    assert.deepEqual(first.warnings, [`seictl had exported up to ${last}: the export goes on after that`]);
    const pages = await readPages(s3, 'taken-over/');
    assertComplete(pages, last + 1);
    assert.equal(pages[0]?.to, last + 20);
    // From then on the agent's own state counts.
    await writeFile(join(home, '.sei-sidecar-last-export.json'), 'damaged');
    assert.equal((await run(params('taken-over', { pageSize: 10_000 }))).warnings, undefined);
    assert.equal(await readFile(join(home, '.sei-sidecar-snapshot-height'), 'utf8'), '5');
    // A damaged file is told, and a start that is given needs none.
    await assert.rejects(run(params('damaged')), {
      code: 'file-invalid',
      message: /last-export\.json.*give startHeight/,
    });
    assert.equal((await run(params('damaged', { startHeight: last + 1 }))).outcome, 'changed');
    assert.equal(await readFile(join(home, '.sei-sidecar-last-export.json'), 'utf8'), 'damaged');
  });

  test('begins after the snapshot that seictl restored, where it exported nothing', async (t) => {
    const { run, home } = await agent(t);
    const restored = await recent();
    await writeFile(join(home, '.sei-sidecar-snapshot-height'), String(restored));
    await run(params('seictl-restored'));
    assertComplete(await readPages(s3, 'seictl-restored/'), restored + 1);
  });

  test('keeps destinations apart: another prefix begins anew', async (t) => {
    const { run } = await agent(t);
    const startHeight = await recent();
    for (const prefix of ['apart-1', 'apart-2/']) await run(params(prefix, { startHeight }));
    for (const prefix of ['apart-1/', 'apart-2/']) assertComplete(await readPages(s3, prefix), startHeight);
    // The same place, however it is spelled, is the same destination.
    const { bucket, prefix, ...rest } = params('apart-1');
    const again = await run({ ...rest, uri: `s3://${String(bucket)}/${String(prefix)}/`, pageSize: 10_000 });
    assert.equal(again.outcome, 'unchanged');
  });

  test('a page that a crash left between store and state is written once more with the range that it had', async (t) => {
    const { run, home } = await agent(t);
    const startHeight = await recent();
    // Looking for what the crash left is tidying up, which this store does not offer.
    await using proxy = await s3.startHttpFaultProxy(({ method, url }) =>
      method === 'GET' && /[?&]uploads\b/.test(url) ? s3Error(501, 'NotImplemented') : undefined,
    );
    const torn = (more: object) => params('torn', { partialPage: true, ...more }, proxy.endpoint);
    const { warnings: none } = await run(torn({ startHeight }));
    assert.equal(none, undefined);
    const [folder = ''] = await readdir(join(home, '.nodetask', 'result-export'));
    const path = join(home, '.nodetask', 'result-export', folder, 'state.json');
    const file = JSON.parse(await readFile(path, 'utf8')) as { state: { exported: number; chainId: string } };
    const { exported, chainId } = file.state;
    const last = (await readPages(s3, 'torn/')).at(-1);
    assert.ok(last !== undefined);
    const begun = { from: last.from, to: exported };
    await writeFile(path, JSON.stringify({ ...file, state: { chainId, exported: last.from - 1, begun } }));
    await writeFile(join(home, '.nodetask', 'result-export', folder, `.nodetask-${randomUUID()}.tmp`), 'torn');
    await chain.validator.waitForHeight(exported + 30);
    const { output, warnings } = await run(torn({ pageSize: 15 }));
    assert.equal(warnings?.length, 1);
    assert.match(warnings[0] ?? '', /^let a lifecycle rule .*NotImplemented \(HTTP 501\)/);
    assert.equal(assertComplete(await readPages(s3, 'torn/'), startHeight), output?.['lastExportedHeight']);
    assert.deepEqual(await readdir(join(home, '.nodetask', 'result-export', folder)), [
      'newest-page.json',
      'state.json',
    ]);
  });

  test('another chain, and blocks that the node has pruned, are refused', async (t) => {
    const { run, home } = await agent(t);
    await run(params('refused', { startHeight: await recent() }));
    const [folder = ''] = await readdir(join(home, '.nodetask', 'result-export'));
    const path = join(home, '.nodetask', 'result-export', folder, 'state.json');
    const text = await readFile(path, 'utf8');
    await writeFile(path, text.replace('nodetask-1', 'other-1'));
    await assert.rejects(run(params('refused')), { code: 'chain-mismatch', retriable: false });
    await writeFile(path, '{"version":1');
    await assert.rejects(run(params('refused')), { code: 'file-invalid', message: /state\.json is no state/ });
  });

  test('endpoints that must not be reached are refused before anything is sent', async (t) => {
    const { run } = await agent(t);
    for (const more of [{ rpcEndpoint: 'http://169.254.169.254/' }, { endpoint: 'http://169.254.169.254' }]) {
      await assert.rejects(run({ ...params('egress'), ...more }), { code: 'egress-refused' });
    }
  });
});

describe('a daemon', () => {
  test('follows the chain page by page and ends within 2 s', async (t) => {
    const startHeight = await recent();
    const daemon = startDaemon(await agent(t), params('daemon', { startHeight }));
    assertComplete(await daemon.until('daemon/', startHeight + 120), startHeight);
    await waitFor(() => Promise.resolve(daemon.progress.some(({ stage }) => stage === 'follow')), {
      what: 'progress of a daemon that has caught up',
      timeoutMs: 30_000,
    });
    const follow = daemon.progress.findLast(({ stage }) => stage === 'follow');
    assert.ok(follow?.unit === 'height' && follow.done > 0 && (follow.total ?? 0) >= follow.done);
    assert.ok((await daemon.stop()) < 2_000);
    assertComplete(await readPages(s3, 'daemon/'), startHeight);
    assert.deepEqual(await s3.files.uploads(testBucket), []);
  });

  test('waits for a start that is still to come', async (t) => {
    const startHeight = (await chain.validator.height()) + 80;
    const daemon = startDaemon(await agent(t), params('later', { startHeight }));
    assertComplete(await daemon.until('later/', startHeight + 19), startHeight);
    assert.ok(daemon.progress.some(({ stage }) => stage === 'start-not-reached'));
    await daemon.stop();
  });

  test('writes pages that are not full once their first block has waited', async (t) => {
    const startHeight = await recent();
    const more = { pageSize: 100_000, partialPage: true, startHeight };
    const daemon = startDaemon(await agent(t, { tuning: { partialPageDelayMs: 700 } }), params('waited', more));
    const pages = await daemon.until('waited/', startHeight + 120);
    assertComplete(pages, startHeight);
    assert.ok(pages.length >= 2 && pages.length < 20, `${pages.length} pages`);
    await daemon.stop();
  });

  test('waits out an RPC and a store that are down, and says so', async (t) => {
    await using rpc = await startFaultProxy({ target: targetOf(chain.validator.rpcUrl) });
    await using store = await s3.startFaultProxy();
    const tuning = { tries: 2, firstPauseMs: 20, callTimeoutMs: 1_000 };
    const runs = await agent(t, { nodeRPC: rpc.url('http'), tuning });
    const startHeight = await recent();
    const daemon = startDaemon(runs, params('outage', { startHeight }, store.url('http')));
    await daemon.until('outage/', startHeight + 19);
    await rpc.setMode({ kind: 'refuse' });
    rpc.resetConnections();
    const sees = (stage: string) =>
      waitFor(() => Promise.resolve(daemon.progress.at(-1)?.stage === stage), {
        what: `progress "${stage}"`,
        timeoutMs: 30_000,
      });
    await sees('retry after rpc-unreachable');
    await rpc.setMode({ kind: 'pass' });
    await daemon.until('outage/', (await chain.validator.height()) + 20);
    await store.setMode({ kind: 'refuse' });
    store.resetConnections();
    await sees('retry after object-store-unreachable');
    await store.setMode({ kind: 'pass' });
    assertComplete(await daemon.until('outage/', (await chain.validator.height()) + 20), startHeight);
    await daemon.stop();
  });

  test('fails on another chain', async (t) => {
    const runs = await agent(t);
    await runs.run(params('changed', { startHeight: await recent() }));
    const [folder = ''] = await readdir(join(runs.home, '.nodetask', 'result-export'));
    const path = join(runs.home, '.nodetask', 'result-export', folder, 'state.json');
    await writeFile(path, (await readFile(path, 'utf8')).replace('nodetask-1', 'other-1'));
    await assert.rejects(startDaemon(runs, params('changed')).ended, { code: 'chain-mismatch' });
  });
});

const startEngine = async (t: TestContext) => {
  const controller = new AbortController();
  const handler = await exportHandler(t, { nodeRPC: chain.validator.rpcUrl });
  const engine = new Engine({
    handlers: { 'result-export': handler },
    store: new MemoryStore(),
    signal: controller.signal,
    clock: systemClock,
  });
  const stop = async (): Promise<void> => {
    controller.abort(new Error('the test ends'));
    await engine.closed;
  };
  t.after(stop);
  return { engine, stop };
};
const untilResult = (engine: Engine, id: string, condition: (result: TaskResult) => boolean) =>
  waitFor(
    () => {
      const result = engine.getResult(id);
      return Promise.resolve(result !== undefined && condition(result) ? result : undefined);
    },
    { what: `result of ${id}`, timeoutMs: 30_000, detail: () => JSON.stringify(engine.getResult(id)) },
  );

describe('in the engine', () => {
  test('each firing of a schedule goes on where the last ended', async (t) => {
    const { engine } = await startEngine(t);
    const startHeight = await recent();
    const id = engine.submitScheduled(
      { id: randomUUID(), type: 'result-export', params: params('schedule', { partialPage: true, startHeight }) },
      { cron: '* * * * *' },
    );
    let last: TaskResult | undefined;
    for (let run = 1; run <= 3; run++) {
      engine.evalSchedules(new Date(Date.now() + run * 61_000));
      const result = await untilResult(engine, id, ({ completedAt }) => completedAt !== last?.completedAt);
      last = result;
      assert.equal(result.run, run);
      assert.equal(result.outcome, 'changed');
      assert.equal(
        assertComplete(await readPages(s3, 'schedule/'), startHeight),
        result.output?.['lastExportedHeight'],
      );
      await chain.validator.waitForHeight(Number(result.output?.['lastExportedHeight']) + 5);
    }
  });

  test('a daemon and one-shots to the same place never double a block', async (t) => {
    const { engine, stop } = await startEngine(t);
    const startHeight = await chain.validator.height();
    const daemon = engine.submitDaemon(
      { id: randomUUID(), type: 'result-export', params: params('both', { startHeight }) },
      { restartPolicy: 'OnFailure' },
    );
    await untilExported('both/', startHeight + 20);
    for (let round = 0; round < 3; round++) {
      await chain.validator.waitForHeight((await chain.validator.height()) + 20);
      const task = { type: 'result-export', params: params('both', { pageSize: 3, partialPage: true }) } as const;
      const id = await waitFor(
        () => {
          try {
            return Promise.resolve(engine.submit({ id: randomUUID(), ...task }));
          } catch (error) {
            // The daemon writes a page just now.
            assert.equal((error as { code?: string }).code, 'busy');
            return Promise.resolve(undefined);
          }
        },
        { what: 'a moment without a page being written', timeoutMs: 60_000, intervalMs: 5 },
      );
      await untilResult(engine, id, ({ status }) => status !== 'running');
      assert.equal(engine.getResult(id)?.status, 'completed', JSON.stringify(engine.getResult(id)));
    }
    assert.equal(engine.getResult(daemon)?.status, 'running');
    await stop();
    assertComplete(await readPages(s3, 'both/'), startHeight);
  });
});
