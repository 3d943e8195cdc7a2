import assert from 'node:assert/strict';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import {
  CreateMultipartUploadCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { s3Error, startS3 } from '@nodetask/testbed';
import type { S3Server } from '@nodetask/testbed';

const BUCKET = 'snapshots';

describe('S3 server', { timeout: 120_000 }, () => {
  let s3: S3Server;
  before(async () => {
    s3 = await startS3({ buckets: [BUCKET] });
  });
  after(async () => {
    await s3.stop();
  });

  function clientWith(accessKeyId: string, secretAccessKey: string, endpoint = s3.endpoint): S3Client {
    const { region } = s3;
    return new S3Client({ endpoint, region, forcePathStyle: true, credentials: { accessKeyId, secretAccessKey } });
  }

  test('an object is a file in its folder, and comes back as it was put', async () => {
    const bytes = Uint8Array.from({ length: 300_000 }, (_, index) => (index * 31) % 256);
    await s3.files.put(BUCKET, 'sei/ü 1.bin', bytes);
    assert.deepEqual(new Uint8Array(await s3.files.get(BUCKET, 'sei/ü 1.bin')), bytes);
    assert.deepEqual(new Uint8Array(await readFile(join(s3.folder, BUCKET, 'sei', 'ü 1.bin'))), bytes);
    await s3.files.delete(BUCKET, 'sei/ü 1.bin');
    await assert.rejects(s3.files.get(BUCKET, 'sei/ü 1.bin'), { name: 'NoSuchKey' });
  });

  test('a listing goes over its pages, in the order of the keys', async () => {
    const keys = Array.from({ length: 1_100 }, (_, index) => `many/${String(index).padStart(5, '0')}`);
    for (let from = 0; from < keys.length; from += 20)
      await Promise.all(keys.slice(from, from + 20).map(async (key) => s3.files.put(BUCKET, key, 'x')));
    const page = await s3.files.client.send(new ListObjectsV2Command({ Bucket: BUCKET, Prefix: 'many/' }));
    assert.equal(page.KeyCount, 1_000);
    const objects = await s3.files.list(BUCKET, 'many/');
    assert.deepEqual(
      objects.map(({ key }) => key),
      keys,
    );
    assert.ok(objects.every(({ bytes, etag }) => bytes === 1 && /^".+"$/.test(etag)));
  });

  test('wrong credentials and a missing bucket are told apart', async () => {
    const get = new GetObjectCommand({ Bucket: BUCKET, Key: 'a' });
    using wrongSecret = closing(clientWith(s3.accessKey, 'wrong'));
    await assert.rejects(wrongSecret.client.send(get), { name: 'SignatureDoesNotMatch' });
    using unknownKey = closing(clientWith('nobody', 'wrong'));
    await assert.rejects(unknownKey.client.send(get), { name: 'InvalidAccessKeyId' });
    await assert.rejects(s3.files.list('no-such-bucket'), { name: 'NoSuchBucket' });
    const anonymous = await fetch(`${s3.endpoint}/${BUCKET}/a`);
    assert.equal(anonymous.status, 403);
  });

  test('conditions and ranges are honoured', async () => {
    await s3.files.put(BUCKET, 'cond', '0123456789');
    const [object] = await s3.files.list(BUCKET, 'cond');
    const range = await s3.files.client.send(
      new GetObjectCommand({ Bucket: BUCKET, Key: 'cond', Range: 'bytes=2-4', IfMatch: object?.etag }),
    );
    assert.equal(await range.Body?.transformToString(), '234');
    await s3.files.put(BUCKET, 'cond', 'replaced');
    await assert.rejects(
      s3.files.client.send(new GetObjectCommand({ Bucket: BUCKET, Key: 'cond', IfMatch: object?.etag })),
      { name: 'PreconditionFailed' },
    );
    await assert.rejects(
      s3.files.client.send(new PutObjectCommand({ Bucket: BUCKET, Key: 'cond', Body: 'x', IfNoneMatch: '*' })),
      { name: 'PreconditionFailed' },
    );
  });

  test('an upload that was begun is seen until it ends', async () => {
    const { UploadId } = await s3.files.client.send(new CreateMultipartUploadCommand({ Bucket: BUCKET, Key: 'big' }));
    assert.deepEqual(await s3.files.uploads(BUCKET), [{ key: 'big', uploadId: UploadId }]);
  });

  test('through a fault proxy the signature stays valid, and a reset is a network error', async () => {
    await s3.files.put(BUCKET, 'far', 'x'.repeat(100_000));
    await using proxy = await s3.startFaultProxy();
    using far = closing(clientWith(s3.accessKey, s3.secretKey, proxy.url('http')));
    const get = new GetObjectCommand({ Bucket: BUCKET, Key: 'far' });
    assert.equal((await (await far.client.send(get)).Body?.transformToByteArray())?.length, 100_000);
    await proxy.setMode({ kind: 'reset', direction: 'toClient', afterBytes: 50_000 });
    await assert.rejects(async () => (await far.client.send(get)).Body?.transformToByteArray(), { code: 'ECONNRESET' });
    assert.equal(proxy.counters.faults, 1);
  });

  test('through an HTTP fault proxy SlowDown is what the SDK retries, and everything else goes through', async () => {
    let slow = 2;
    await using proxy = await s3.startHttpFaultProxy(({ method }) =>
      method === 'PUT' && slow-- > 0 ? s3Error(503, 'SlowDown') : undefined,
    );
    using far = closing(clientWith(s3.accessKey, s3.secretKey, proxy.endpoint));
    const body = new Uint8Array(3_000_000).fill(7);
    await far.client.send(new PutObjectCommand({ Bucket: BUCKET, Key: 'slow', Body: body }));
    assert.deepEqual(
      proxy.exchanges.map(({ status, fault }) => ({ status, fault })),
      [
        { status: 503, fault: true },
        { status: 503, fault: true },
        { status: 200, fault: false },
      ],
    );
    const { Body } = await far.client.send(new GetObjectCommand({ Bucket: BUCKET, Key: 'slow' }));
    assert.deepEqual(await Body?.transformToByteArray(), body);
    proxy.rule = () => s3Error(503, 'SlowDown');
    await assert.rejects(far.client.send(new GetObjectCommand({ Bucket: BUCKET, Key: 'slow' })), { name: 'SlowDown' });
  });

  test('keeps its objects and its port over kill -9', async () => {
    await s3.files.put(BUCKET, 'kept', 'yes');
    await s3.process.kill();
    await s3.start();
    assert.equal((await s3.files.get(BUCKET, 'kept')).toString(), 'yes');
  });

  test('its environment holds credentials and keeps the SDK away from the metadata service', () => {
    assert.deepEqual(s3.environment, {
      AWS_ACCESS_KEY_ID: s3.accessKey,
      AWS_SECRET_ACCESS_KEY: s3.secretKey,
      AWS_REGION: 'us-east-1',
      AWS_EC2_METADATA_DISABLED: 'true',
    });
    assert.deepEqual(s3.params(BUCKET), {
      bucket: BUCKET,
      region: 'us-east-1',
      endpoint: s3.endpoint,
      forcePathStyle: true,
    });
  });

  test('stop leaves no process and no folder', async () => {
    const own = await startS3();
    const { exited } = own.process;
    await own.stop();
    await exited;
    await assert.rejects(stat(own.folder), { code: 'ENOENT' });
  });
});

function closing(client: S3Client): Disposable & { readonly client: S3Client } {
  return { client, [Symbol.dispose]: () => client.destroy() };
}
