import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { type HttpFaultReply, startHttpFaultProxy, targetOf } from '@nodetask/testbed';
import { TaskError } from '@nodetask/shared';
import type { NodeHome } from '../src/node/node-home.ts';
import { startTestS3, testBucket as bucket } from './support/object-store.ts';
import { describeTree, makeChainHome, runRestore, runUpload, writeSnapshot } from './support/snapshot-home.ts';

const s3 = await startTestS3();
const at = (prefix: string, endpoint = s3.endpoint) => ({ ...s3.params(bucket, endpoint), prefix });
const snapshotsOf = (home: NodeHome): string => join(home.data, 'snapshots');
const largeBytes = 20 * 1024 * 1024;

const slowDown: HttpFaultReply = {
  status: 503,
  headers: { 'content-type': 'application/xml' },
  body: '<?xml version="1.0"?><Error><Code>SlowDown</Code><Message>Reduce your request rate.</Message></Error>',
};

const isRange = (range: unknown, url: string): boolean => typeof range === 'string' && url.includes('.tar.gz');

const makeSource = async (t: TestContext): Promise<NodeHome> => {
  const home = await makeChainHome(t);
  for (const height of [1, 2]) await writeSnapshot(home, height, height === 1 ? largeBytes : 10);
  return home;
};

const isGivenUp = (error: unknown): boolean => {
  assert.ok(error instanceof TaskError && error.code === 'object-store-unreachable', String(error));
  assert.ok(error.retriable);
  assert.match(error.message, /SlowDown \(HTTP 503\)/);
  return true;
};

test('503 SlowDown now and then delays an upload and a restore, and no more', async (t) => {
  await using proxy = await startHttpFaultProxy({ target: targetOf(s3.endpoint) });
  let requests = 0;
  let refused = 0;
  proxy.rule = () => {
    requests += 1;
    if (requests % 3 !== 0) return undefined;
    refused += 1;
    return slowDown;
  };
  const source = await makeSource(t);
  const target = await makeChainHome(t);
  await runUpload(source, at('slow', proxy.endpoint));
  await runRestore(target, at('slow', proxy.endpoint));
  assert.ok(refused >= 5, String(refused));
  const wanted = await describeTree(join(snapshotsOf(source), '1'));
  assert.deepEqual(await describeTree(join(snapshotsOf(target), '1')), wanted);
  assert.deepEqual(await s3.files.uploads(bucket), []);
});

test('a store that answers nothing but 503 is given up, and the error can be tried again', async (t) => {
  await using proxy = await startHttpFaultProxy({ target: targetOf(s3.endpoint), rule: () => slowDown });
  const source = await makeSource(t);
  await assert.rejects(runUpload(source, at('never', proxy.endpoint)), isGivenUp);
  await assert.rejects(runRestore(source, at('never', proxy.endpoint)), isGivenUp);
});

test('an upload whose parts fail for good discards what it has uploaded', async (t) => {
  await using proxy = await startHttpFaultProxy({ target: targetOf(s3.endpoint) });
  let parts = 0;
  proxy.rule = ({ method, url }) => {
    if (method !== 'PUT' || !url.includes('partNumber=')) return undefined;
    parts += 1;
    return parts > 1
      ? {
          status: 403,
          headers: { 'content-type': 'application/xml' },
          body: '<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>',
        }
      : undefined;
  };
  const source = await makeSource(t);
  await assert.rejects(runUpload(source, at('parts', proxy.endpoint)), {
    code: 'object-store-refused',
    message: /upload part \d of s3:\/\/snapshots\/parts\/1\.tar\.gz .*AccessDenied/,
  });
  assert.deepEqual(await s3.files.uploads(bucket), []);
  assert.deepEqual(await s3.files.list(bucket, 'parts/'), []);
});

test('answers of the wrong length, of other bytes and with resets in the middle never get into a snapshot', async (t) => {
  const source = await makeSource(t);
  await runUpload(source, at('wrong'));
  await using proxy = await startHttpFaultProxy({ target: targetOf(s3.endpoint) });

  // Other bytes than the archive has, with headers as they should be.
  proxy.rule = async ({ method, url, headers }) => {
    const { range } = headers;
    if (method !== 'GET' || !isRange(range, url)) return undefined;
    const [, from = '0', to = '0'] = /bytes=(\d+)-(\d+)/.exec(String(range)) ?? [];
    const [object] = await s3.files.list(bucket, 'wrong/1.tar.gz');
    return {
      status: 206,
      headers: {
        etag: object?.etag ?? '',
        'content-length': String(Number(to) - Number(from) + 1),
        'content-range': `bytes ${from}-${to}/${object?.bytes ?? 0}`,
      },
      body: randomBytes(Number(to) - Number(from) + 1),
    };
  };
  const home = await makeChainHome(t);
  await assert.rejects(runRestore(home, at('wrong', proxy.endpoint)), { code: 'snapshot-invalid' });
  assert.deepEqual(await readdir(home.data), []);

  // The whole object where a range was asked for: a server that knows no ranges.
  proxy.rule = ({ method, url, headers }) =>
    method === 'GET' && isRange(headers.range, url) ? { status: 200, headers: { etag: '"x"' }, body: 'x' } : undefined;
  await assert.rejects(runRestore(home, at('wrong', proxy.endpoint)), { code: 'object-changed' });

  await using tcp = await s3.startFaultProxy();
  await tcp.setMode({ kind: 'reset', direction: 'toClient', afterBytes: 3_000_000 });
  const heal = async (): Promise<void> => {
    await tcp.until(({ faults }) => faults >= 3);
    await tcp.setMode({ kind: 'pass' });
  };
  await Promise.all([heal(), runRestore(home, at('wrong', tcp.url('http')))]);
  const wanted = await describeTree(join(snapshotsOf(source), '1'));
  assert.deepEqual(await describeTree(join(snapshotsOf(home), '1')), wanted);
});

test('an archive that is replaced during the download fails the restore, which may be run again', async (t) => {
  const source = await makeSource(t);
  await runUpload(source, at('replaced'));
  const home = await makeChainHome(t);
  await writeSnapshot(home, 50, 1_000);
  const before = await describeTree(home.root);
  let replaced: Promise<void> | undefined;
  await using proxy = await startHttpFaultProxy({ target: targetOf(s3.endpoint) });
  proxy.rule = async ({ headers }) => {
    if (headers.range === undefined || headers.range.startsWith('bytes=0-')) return undefined;
    replaced ??= s3.files.put(bucket, 'replaced/1.tar.gz', randomBytes(largeBytes));
    await replaced;
    return undefined;
  };
  await assert.rejects(runRestore(home, at('replaced', proxy.endpoint)), (error) => {
    assert.ok(error instanceof TaskError && error.code === 'object-changed', String(error));
    return error.retriable;
  });
  assert.deepEqual(await describeTree(home.root), before);
});

test('cancel ends an upload and a restore within two seconds, in every state of the store, and leaves nothing', async (t) => {
  const source = await makeSource(t);
  await runUpload(source, at('cancel'));
  for (const stalled of [false, true]) {
    for (const type of ['upload', 'restore'] as const) {
      await using proxy = await s3.startFaultProxy();
      const home = type === 'upload' ? source : await makeChainHome(t);
      const before = await describeTree(home.root);
      const cancel = new AbortController();
      const begun = Promise.withResolvers<undefined>();
      const params = at(type === 'upload' ? `cancel-${String(stalled)}` : 'cancel', proxy.url('http'));
      const options = { signal: cancel.signal, onProgress: () => begun.resolve(undefined) };
      const running = assert.rejects(
        type === 'upload' ? runUpload(home, params, options) : runRestore(home, params, options),
        /enough of it/,
      );
      await begun.promise;
      if (stalled) await proxy.setMode({ kind: 'stall' });
      const cancelledAt = performance.now();
      cancel.abort(new Error('enough of it'));
      await running;
      const ms = performance.now() - cancelledAt;
      assert.ok(ms < 2_000, `${type}, stalled ${String(stalled)}: ${String(ms)} ms`);
      assert.deepEqual(await describeTree(home.root), before);
      // An upload whose store is silent cannot be discarded; the next one of the same snapshot does it.
      if (!stalled) assert.deepEqual(await s3.files.uploads(bucket), []);
    }
  }
  await runUpload(source, at('cancel-true'));
  assert.deepEqual(await s3.files.uploads(bucket), []);
});
