import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test, type TestContext } from 'node:test';
import { gzipSync } from 'node:zlib';
import { PutBucketPolicyCommand } from '@aws-sdk/client-s3';
import { s3Error, withoutHeaders } from '@nodetask/testbed';
import { makeTempHome } from '../src/node/testing/temp-home.ts';
import type { ConfigureGenesisOptions } from '../src/tasks/configure-genesis/configure-genesis.ts';
import { genesisHandler } from '../src/tasks/testing/genesis-handler.ts';
import { runTask, type RunOptions } from '../src/tasks/testing/run-task.ts';
import { loopbackEgress, startTestS3, testBucket } from './support/object-store.ts';

/** configure-genesis from a real S3 server. */

const s3 = await startTestS3();

const genesis = (chainId = 'test-1', pad = ''): string =>
  JSON.stringify({ genesis_time: '2026-01-01T00:00:00Z', chain_id: chainId, app_state: { pad } });
const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

const setUp = async (t: TestContext, options: Partial<ConfigureGenesisOptions> = {}) => {
  const home = await makeTempHome(t);
  const egress = loopbackEgress();
  t.after(() => egress.close());
  const handler = genesisHandler({ home, egress, ...options });
  return {
    file: join(home.config, 'genesis.json'),
    files: () => readdir(home.config),
    run: (key: string, more: object = {}, runOptions: RunOptions = {}, endpoint = s3.endpoint) => {
      const { bucket, ...server } = s3.params(testBucket, endpoint);
      return runTask('configure-genesis', handler, { uri: `s3://${bucket}/${key}`, ...server, ...more }, runOptions);
    },
  };
};

describe('configure-genesis from s3', () => {
  test('installs a document of many ranges byte for byte, then finds it there', async (t) => {
    const text = genesis('test-1', 'é'.repeat(10 * 1024 * 1024));
    await s3.files.put(testBucket, 'chains/test-1/genesis.json', text);
    const { run, file, files } = await setUp(t);
    const output = { sha256: sha256(text), chainId: 'test-1', bytes: Buffer.byteLength(text) };
    const totals = new Set<number | undefined>();
    const report = await run(
      'chains/test-1/genesis.json',
      { chainId: 'test-1', sha256: output.sha256 },
      { onProgress: ({ total }) => totals.add(total) },
    );
    assert.deepEqual(report, {
      outcome: 'changed',
      message: 'installed the genesis of test-1, 21 MB; takes effect when the node restarts',
      numbers: { bytes: output.bytes },
      output,
    });
    assert.deepEqual([...totals], [output.bytes]);
    assert.equal(await readFile(file, 'utf8'), text);
    assert.deepEqual(await files(), ['genesis.json']);
    assert.deepEqual(await run('chains/test-1/genesis.json'), {
      outcome: 'unchanged',
      message: 'the node has this genesis of test-1 already, 21 MB',
      reason: 'already-there',
      output: { reason: 'already-there', ...output },
    });
  });

  test('another chain, another hash, no genesis, too large: nothing changes', async (t) => {
    await s3.files.put(testBucket, 'good.json', genesis());
    await s3.files.put(testBucket, 'other.json', genesis('other-1'));
    await s3.files.put(testBucket, 'page.json', '<html>');
    await s3.files.put(testBucket, 'large.json', genesis('test-1', 'x'.repeat(2_000)));
    const { run, file, files } = await setUp(t, { maxBytes: 1_000 });
    await run('good.json');
    const refused: readonly (readonly [key: string, more: object, code: string])[] = [
      ['other.json', { chainId: 'test-1' }, 'chain-mismatch'],
      ['other.json', { sha256: 'a'.repeat(64) }, 'hash-mismatch'],
      ['page.json', {}, 'genesis-invalid'],
      ['large.json', {}, 'source-invalid'],
      ['missing.json', {}, 'object-missing'],
      ['folder/', {}, 'invalid-params'],
    ];
    for (const [key, more, code] of refused) await assert.rejects(run(key, more), { code }, key);
    await assert.rejects(run('', { uri: 's3://no-such-bucket/genesis.json' }), (error: { code?: string }) =>
      ['bucket-missing', 'object-missing'].includes(error.code ?? ''),
    );
    assert.equal(await readFile(file, 'utf8'), genesis());
    assert.deepEqual(await files(), ['genesis.json']);
  });

  test('a packed document is unpacked, and a store without ETags is read with a warning', async (t) => {
    const envelope = `{"jsonrpc":"2.0","id":-1,"result":{"genesis":${genesis()}}}`;
    const packed = gzipSync(envelope);
    await s3.files.put(testBucket, 'genesis.json.gz', packed);
    await using proxy = await s3.startHttpFaultProxy();
    proxy.rewrite = (_, head) => withoutHeaders(head, 'etag', 'x-amz-checksum-crc32', 'x-amz-checksum-crc64nvme');
    const { run, file } = await setUp(t);
    const report = await run('genesis.json.gz', {}, {}, proxy.endpoint);
    assert.deepEqual(report.output, {
      sha256: sha256(genesis()),
      chainId: 'test-1',
      bytes: genesis().length,
      unpacked: ['gzip', 'rpc-envelope'],
      packedSha256: createHash('sha256').update(packed).digest('hex'),
    });
    assert.match(String(report.warnings), /no ETag and no checksum.*give sha256$/);
    assert.equal(await readFile(file, 'utf8'), genesis());
    const other = await setUp(t);
    const guarded = await other.run('genesis.json.gz', { sha256: sha256(genesis()) }, {}, proxy.endpoint);
    assert.equal(guarded.warnings, undefined);
  });

  test('a public bucket is read without a signature, and one whose requester pays with the word for it', async (t) => {
    await s3.files.put(testBucket, 'public.json', genesis());
    const Policy = JSON.stringify({
      Version: '2012-10-17',
      Statement: [
        {
          Effect: 'Allow',
          Principal: '*',
          Action: ['s3:GetObject'],
          Resource: [`arn:aws:s3:::${testBucket}/public.json`],
        },
      ],
    });
    await s3.files.client.send(new PutBucketPolicyCommand({ Bucket: testBucket, Policy }));
    const seen: { readonly authorization?: string | undefined; readonly payer: unknown }[] = [];
    await using proxy = await s3.startHttpFaultProxy(({ headers }) => {
      seen.push({ authorization: headers.authorization, payer: headers['x-amz-request-payer'] });
      return undefined;
    });
    const anonymous = await setUp(t);
    await anonymous.run('public.json', { anonymous: true }, {}, proxy.endpoint);
    assert.ok(seen.length >= 2 && seen.every(({ authorization }) => authorization === undefined));
    await assert.rejects(anonymous.run('genesis.json.gz', { anonymous: true }), { code: 'object-store-refused' });
    seen.length = 0;
    const paying = await setUp(t);
    await paying.run('public.json', { requestPayer: 'requester' }, {}, proxy.endpoint);
    assert.ok(seen.length >= 2 && seen.every(({ payer }) => payer === 'requester'));
  });

  test('short faults of the store are waited out', async (t) => {
    const text = genesis('test-1', 'x'.repeat(9 * 1024 * 1024));
    await s3.files.put(testBucket, 'faulty.json', text);
    let asked = 0;
    await using proxy = await s3.startHttpFaultProxy(() => (++asked % 2 === 1 ? s3Error(503, 'SlowDown') : undefined));
    const { run, file } = await setUp(t);
    await run('faulty.json', {}, {}, proxy.endpoint);
    assert.equal(await readFile(file, 'utf8'), text);
    assert.ok(proxy.exchanges.some(({ fault }) => fault));
  });

  test('a document that is replaced while it comes is not mixed of two', async (t) => {
    await s3.files.put(testBucket, 'replaced.json', genesis('test-1', 'x'.repeat(60 * 1024 * 1024)));
    const { run, files } = await setUp(t);
    let replaced: Promise<unknown> | undefined;
    const onProgress = (): void => {
      replaced ??= s3.files.put(testBucket, 'replaced.json', genesis('test-1', 'y'.repeat(60 * 1024 * 1024)));
    };
    await using proxy = await s3.startHttpFaultProxy(async ({ method, headers }) => {
      // What comes after the first ranges waits for the other writer.
      if (method === 'GET' && !/^bytes=(?:0|8388608|16777216|25165824)-/.test(headers.range ?? '')) await replaced;
      return undefined;
    });
    await assert.rejects(run('replaced.json', {}, { onProgress }, proxy.endpoint), { code: 'object-changed' });
    assert.deepEqual(await files(), []);
  });

  test('a store that stalls is left at once when the task is cancelled, and leaves no file behind', async (t) => {
    await s3.files.put(testBucket, 'stalled.json', genesis());
    await using proxy = await s3.startFaultProxy();
    await proxy.setMode({ kind: 'stall', direction: 'toClient' });
    const { run, files } = await setUp(t);
    const controller = new AbortController();
    const reason = new Error('cancelled by a test');
    const running = assert.rejects(run('stalled.json', {}, { signal: controller.signal }, proxy.url('http')), reason);
    await proxy.until(({ receivedFromServer }) => receivedFromServer > 0);
    const at = performance.now();
    controller.abort(reason);
    await running;
    assert.ok(performance.now() - at < 2_000);
    assert.deepEqual(await files(), []);
  });
});
