import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { open as openFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Transform } from 'node:stream';
import { describe, test, type TestContext } from 'node:test';
import {
  type ChecksumAlgorithm,
  type ChecksumType,
  CompleteMultipartUploadCommand,
  type CompletedPart,
  CreateMultipartUploadCommand,
  PutObjectCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { withoutHeaders } from '@nodetask/testbed';
import { TaskError } from '@nodetask/shared';
import type { ObjectStore } from '../src/objectstore/object-store.ts';
import { collect, openTestStore, startTestS3, testBucket as bucket } from './support/object-store.ts';

/** The checksums that a real S3 server keeps, and bytes that are damaged in it or on their way. */

const s3 = await startTestS3();
const signal = new AbortController().signal;
const MiB = 1024 * 1024;
/** The server takes no smaller parts, but for the last. */
const partBytes = 5 * MiB;

const storeAt = (t: TestContext, endpoint?: string): ObjectStore => {
  const store = openTestStore(s3.params(bucket, endpoint));
  t.after(() => {
    store.close();
  });
  return store;
};

const putParts = async (
  Key: string,
  content: Buffer,
  ChecksumAlgorithm: ChecksumAlgorithm,
  ChecksumType: ChecksumType,
  sizes: readonly number[],
): Promise<void> => {
  const { client } = s3.files;
  const where = { Bucket: bucket, Key };
  const { UploadId } = await client.send(
    new CreateMultipartUploadCommand({ ...where, ChecksumAlgorithm, ChecksumType }),
  );
  const Parts: CompletedPart[] = [];
  let from = 0;
  for (const [index, size] of sizes.entries()) {
    const PartNumber = index + 1;
    const Body = content.subarray(from, from + size);
    from += size;
    const sent = await client.send(new UploadPartCommand({ ...where, UploadId, PartNumber, Body, ChecksumAlgorithm }));
    const { ETag, ChecksumCRC32, ChecksumCRC32C, ChecksumCRC64NVME, ChecksumSHA1, ChecksumSHA256 } = sent;
    Parts.push({ PartNumber, ETag, ChecksumCRC32, ChecksumCRC32C, ChecksumCRC64NVME, ChecksumSHA1, ChecksumSHA256 });
  }
  await client.send(
    new CompleteMultipartUploadCommand({ ...where, UploadId, ChecksumType, MultipartUpload: { Parts } }),
  );
};

const download = async (store: ObjectStore, key: string): Promise<Buffer> => {
  const object = await store.head(key, { signal });
  assert.ok(object !== undefined, key);
  return Buffer.concat(await collect(store.download(object, { signal, partBytes: 700_001 })));
};

/** Changes one bit of an object where the server keeps it, which does not look at it again. */
const damageInStore = async (key: string): Promise<void> => {
  await using file = await openFile(join(s3.folder, bucket, key), 'r+');
  const byte = Buffer.alloc(1);
  await file.read(byte, 0, 1, 1_000);
  byte[0] = (byte[0] ?? 0) ^ 1;
  await file.write(byte, 0, 1, 1_000);
};

/** Changes one bit of the first piece of a body. */
const damaged = (): Transform => {
  let isFirst = true;
  return new Transform({
    transform: (piece: Buffer, _, done) => {
      const copy = Buffer.from(piece);
      if (isFirst) copy[copy.length - 1] = (copy[copy.length - 1] ?? 0) ^ 1;
      isFirst = false;
      done(null, copy);
    },
  });
};

const isDamage =
  (algorithm: string) =>
  (error: unknown): boolean => {
    assert.ok(error instanceof TaskError, String(error));
    assert.equal(error.code, 'object-changed');
    assert.ok(error.message.includes(`what arrived has the ${algorithm.toLowerCase()} `), error.message);
    assert.match(error.message, /it is damaged in the store, or was on its way/);
    return true;
  };

const whole = ['CRC32', 'CRC32C', 'CRC64NVME', 'SHA1', 'SHA256'] as const;

describe('an object with an ETag that was uploaded at once', () => {
  for (const ChecksumAlgorithm of whole) {
    test(`is compared with its ${ChecksumAlgorithm}, and damage in the store is found`, async (t) => {
      const key = `once-${ChecksumAlgorithm}`;
      const content = randomBytes(2 * MiB + 3);
      await s3.files.client.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: content, ChecksumAlgorithm }));
      const store = storeAt(t);
      const { checksum, etag } = (await store.head(key, { signal })) ?? {};
      assert.equal(checksum?.algorithm, ChecksumAlgorithm.toLowerCase());
      assert.ok(etag !== undefined);
      assert.ok((await download(store, key)).equals(content));
      await damageInStore(key);
      await assert.rejects(download(store, key), isDamage(ChecksumAlgorithm));
    });
  }

  test('is compared with its checksum where a proxy damages it', async (t) => {
    const content = randomBytes(3 * MiB);
    await s3.files.put(bucket, 'on-the-way', content);
    await using proxy = await s3.startHttpFaultProxy();
    const store = storeAt(t, proxy.endpoint);
    assert.ok((await download(store, 'on-the-way')).equals(content));
    proxy.rewriteBody = ({ method, headers }) =>
      method === 'GET' && headers.range?.startsWith('bytes=700001-') === true ? damaged() : undefined;
    await assert.rejects(download(store, 'on-the-way'), /damaged in the store, or was on its way/);
  });

  test('is not hashed twice where its reader compares a hash', async (t) => {
    await s3.files.put(bucket, 'hashed', randomBytes(2_000));
    await damageInStore('hashed');
    const store = storeAt(t);
    const object = await store.head('hashed', { signal });
    assert.ok(object?.checksum !== undefined);
    await collect(store.download(object, { signal, isHashed: true }));
    await assert.rejects(collect(store.download(object, { signal })), { code: 'object-changed' });
  });
});

describe('an object that was uploaded in parts', () => {
  const content = randomBytes(2 * partBytes + 12_345);
  const sizes = [partBytes, partBytes, 12_345];

  for (const [algorithm, type] of [
    ['CRC32', 'FULL_OBJECT'],
    ['CRC32C', 'FULL_OBJECT'],
    ['CRC64NVME', 'FULL_OBJECT'],
    ['CRC32', 'COMPOSITE'],
    ['CRC32C', 'COMPOSITE'],
    ['SHA1', 'COMPOSITE'],
    ['SHA256', 'COMPOSITE'],
  ] as const) {
    test(`is compared with its ${algorithm} of type ${type}, and damage is found`, async (t) => {
      const key = `parts-${algorithm}-${type}`;
      await putParts(key, content, algorithm, type, sizes);
      const store = storeAt(t);
      const { checksum } = (await store.head(key, { signal })) ?? {};
      assert.equal(checksum?.algorithm, algorithm.toLowerCase());
      assert.equal(checksum.parts?.bytes, type === 'COMPOSITE' ? partBytes : undefined);
      assert.ok((await download(store, key)).equals(content));
      await damageInStore(key);
      await assert.rejects(download(store, key), isDamage(algorithm));
    });
  }

  test('of several sizes comes, and its checksum is named and not compared', async (t) => {
    await putParts('uneven', content, 'SHA256', 'COMPOSITE', [partBytes + 1, partBytes, 12_344]);
    const store = storeAt(t);
    const { checksum, unusedChecksum } = (await store.head('uneven', { signal })) ?? {};
    assert.equal(checksum, undefined);
    assert.equal(unusedChecksum, 'sha256 of parts, and the store does not tell parts of one size');
    assert.ok((await download(store, 'uneven')).equals(content));
  });

  test('in a store that does not tell parts comes, and its checksum is named and not compared', async (t) => {
    await putParts('untold', content, 'SHA256', 'COMPOSITE', sizes);
    await using proxy = await s3.startHttpFaultProxy(({ url }) =>
      url.includes('partNumber=') ? { status: 501 } : undefined,
    );
    const { unusedChecksum } = (await storeAt(t, proxy.endpoint).head('untold', { signal })) ?? {};
    assert.equal(unusedChecksum, 'sha256 of parts, and the store does not tell parts of one size');
  });
});

test('a checksum in an answer with some of the bytes is not taken for that of the whole', async (t) => {
  const content = randomBytes(1_500);
  await s3.files.put(bucket, 'no-head', content);
  await using proxy = await s3.startHttpFaultProxy(({ method }) => (method === 'HEAD' ? { status: 501 } : undefined));
  proxy.rewrite = (_, { status, rawHeaders }) => ({
    status,
    rawHeaders: [...rawHeaders, 'x-amz-checksum-sha1', 'ZwLfIcTtJ8DeVCgHCy3Q0dvPBxI='],
  });
  const store = storeAt(t, proxy.endpoint);
  assert.equal((await store.head('no-head', { signal }))?.checksum, undefined);
  assert.ok((await download(store, 'no-head')).equals(content));
});

const read = (store: ObjectStore, key: string) => store.getSmall(key, { signal, maxBytes: 2_000 });

describe('a small object', () => {
  test('is compared with its checksum', async (t) => {
    await s3.files.put(bucket, 'small', randomBytes(1_500));
    const store = storeAt(t);
    assert.equal((await read(store, 'small'))?.bytes.length, 1_500);
    await damageInStore('small');
    await assert.rejects(read(store, 'small'), {
      code: 'object-store-unreachable',
      retriable: true,
      message: /Checksum mismatch.*what arrived was not what was sent/,
    });
  });

  test('comes from a store that refuses to be asked for checksums, and so does a large one', async (t) => {
    const content = randomBytes(1_500);
    await s3.files.put(bucket, 'unasked', content);
    await using proxy = await s3.startHttpFaultProxy(({ headers }) =>
      headers['x-amz-checksum-mode'] === undefined ? undefined : { status: 400 },
    );
    proxy.rewrite = (_, head) => withoutHeaders(head, 'x-amz-checksum-crc32');
    const store = storeAt(t, proxy.endpoint);
    assert.ok((await read(store, 'unasked'))?.bytes.equals(content));
    assert.ok((await download(store, 'unasked')).equals(content));
  });
});

test('a store that only the environment of the agent names is used, with its name in messages', async (t) => {
  await s3.files.put(bucket, 'by-variable', 'x');
  process.env['AWS_ENDPOINT_URL_S3'] = s3.endpoint;
  t.after(() => {
    delete process.env['AWS_ENDPOINT_URL_S3'];
  });
  const store = openTestStore({ bucket, region: s3.region });
  t.after(() => {
    store.close();
  });
  assert.equal((await store.getSmall('by-variable', { signal, maxBytes: 1 }))?.bytes.toString(), 'x');
  assert.equal(store.describe('by-variable'), `s3://${bucket}/by-variable at ${s3.endpoint}`);
});
