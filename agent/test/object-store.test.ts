import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { CreateMultipartUploadCommand, UploadPartCommand } from '@aws-sdk/client-s3';
import test, { type TestContext } from 'node:test';
import { systemClock } from '@nodetask/runtime';
import { TaskError } from '@nodetask/shared';
import { BufferPool } from '../src/buffer-pool.ts';
import { createEgress } from '../src/node/testing/loopback-egress.ts';
import { compileLocation } from '../src/objectstore/location.ts';
import type { ObjectInfo, ObjectStore } from '../src/objectstore/object-store.ts';
import { openObjectStore } from '../src/objectstore/open-object-store.ts';
import { collect, openTestStore, startTestS3, testBucket as bucket } from './support/object-store.ts';

const MiB = 1024 * 1024;
const s3 = await startTestS3();
const signal = new AbortController().signal;
const contentType = 'application/octet-stream';

const open = (t: TestContext, endpoint = s3.endpoint): ObjectStore => {
  const store = openTestStore(s3.params(bucket, endpoint));
  t.after(() => {
    store.close();
  });
  return store;
};

const bytesOf = async (chunks: AsyncIterable<Uint8Array>): Promise<Buffer> => Buffer.concat(await collect(chunks));

const found = (object: ObjectInfo | undefined): ObjectInfo => {
  assert.ok(object);
  return object;
};

async function* piecesOf(content: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < content.length; at += size) yield content.subarray(at, at + size);
}

const isTaskError = (code: string, pattern?: RegExp) => (error: unknown) => {
  assert.ok(error instanceof TaskError, String(error));
  assert.equal(error.code, code, error.message);
  if (pattern !== undefined) assert.match(error.message, pattern);
  assert.ok(!error.message.includes(s3.secretKey) && !error.message.includes(s3.accessKey), error.message);
  return true;
};

test('a stream of several parts comes back byte for byte, in memory that is bounded by its parts', async (t) => {
  const store = open(t);
  const content = randomBytes(21 * MiB + 12_345);
  const told: number[] = [];
  const uploaded = await store.upload('large/one', piecesOf(content, 700_001), {
    signal,
    contentType,
    expectedBytes: content.length,
    onProgress: (bytes) => told.push(bytes),
  });
  assert.deepEqual(uploaded, { key: 'large/one', bytes: content.length });
  assert.equal(Math.max(...told), content.length);
  const object = found(await store.head('large/one', { signal }));
  assert.equal(object.bytes, content.length);
  assert.ok((await bytesOf(store.download(object, { signal, partBytes: 2 * MiB, parts: 3 }))).equals(content));

  let allocated = 0;
  const buffers = new BufferPool(2 * MiB, (bytes) => {
    allocated += 1;
    return Buffer.alloc(bytes);
  });
  const copied: Buffer[] = [];
  for await (const piece of store.download(object, { signal, buffers, parts: 3 })) {
    copied.push(Buffer.from(piece));
    buffers.give(Buffer.from(piece.buffer));
  }
  assert.ok(Buffer.concat(copied).equals(content));
  assert.ok(allocated <= 4, `${String(allocated)} buffers for 3 parts at once and a reader`);
  assert.deepEqual(await s3.files.uploads(bucket), []);
});

test('what fits into one part needs no multipart upload; an empty stream is an empty object', async (t) => {
  const store = open(t);
  await store.upload('small', piecesOf(Buffer.from('hello'), 2), { signal, contentType, expectedBytes: 5 });
  assert.equal((await store.getSmall('small', { signal, maxBytes: 5 }))?.bytes.toString(), 'hello');
  await store.upload('empty', piecesOf(Buffer.alloc(0), 1), { signal, contentType, expectedBytes: 0 });
  const empty = found(await store.head('empty', { signal }));
  assert.equal(empty.bytes, 0);
  assert.equal((await bytesOf(store.download(empty, { signal }))).length, 0);
});

test('a listing is complete beyond one page and in order', async (t) => {
  const store = open(t);
  const keys = Array.from({ length: 1_050 }, (_, index) => `many/${String(index).padStart(5, '0')}`);
  for (let at = 0; at < keys.length; at += 50) {
    await Promise.all(keys.slice(at, at + 50).map((key) => store.putSmall(key, 'x', { signal, contentType })));
  }
  const listed = (await collect(store.list('many/', { signal }))).map(({ key }) => key);
  assert.deepEqual(listed, keys);
});

test('a missing object is undefined, a missing bucket and wrong credentials are errors that say so', async (t) => {
  const store = open(t);
  assert.equal(await store.head('nothing', { signal }), undefined);
  assert.equal(await store.getSmall('nothing', { signal, maxBytes: 10 }), undefined);
  const nowhere = openTestStore(s3.params('no-such-bucket'));
  t.after(() => {
    nowhere.close();
  });
  await assert.rejects(
    nowhere.putSmall('a', 'x', { signal, contentType }),
    isTaskError('bucket-missing', /s3:\/\/no-such-bucket\/a at http:.*create the bucket/),
  );
  for (const wrong of [{ AWS_SECRET_ACCESS_KEY: 'wrong' }, { AWS_ACCESS_KEY_ID: 'AKIAWRONGWRONGWRONG1' }]) {
    Object.assign(process.env, wrong);
    try {
      await assert.rejects(
        open(t).getSmall('small', { signal, maxBytes: 10 }),
        isTaskError('object-store-refused', /wrong/),
      );
    } finally {
      Object.assign(process.env, s3.environment);
    }
  }
});

test('an object larger than expected is refused before it is read', async (t) => {
  const store = open(t);
  await store.putSmall('big', Buffer.alloc(2_000), { signal, contentType });
  await assert.rejects(
    store.getSmall('big', { signal, maxBytes: 1_000 }),
    isTaskError('object-store-invalid', /2000 bytes/),
  );
});

test('a download survives broken connections, and never mixes two versions of an object', async (t) => {
  const content = randomBytes(6 * MiB);
  await s3.files.put(bucket, 'broken', content);
  await using proxy = await s3.startFaultProxy();
  const store = open(t, proxy.url('http'));
  const object = found(await store.head('broken', { signal }));
  await proxy.setMode({ kind: 'reset', direction: 'toClient', afterBytes: 700_000 });
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of store.download(object, { signal, partBytes: 256 * 1024, parts: 4 })) {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes > 3 * MiB) await proxy.setMode({ kind: 'pass' });
  }
  assert.ok(Buffer.concat(chunks).equals(content));
  assert.ok(proxy.counters.faults >= 4, JSON.stringify(proxy.counters));

  const download = store.download(object, { signal, partBytes: 256 * 1024, parts: 2 });
  await download[Symbol.asyncIterator]().next();
  await s3.files.put(bucket, 'broken', randomBytes(6 * MiB));
  await assert.rejects(bytesOf(download), isTaskError('object-changed'));
});

test('a store that does not answer any more is an error that can be tried again', async (t) => {
  await using proxy = await s3.startFaultProxy();
  await proxy.setMode({ kind: 'refuse' });
  await assert.rejects(open(t, proxy.url('http')).head('small', { signal }), (error) => {
    isTaskError('object-store-unreachable', /ECONNREFUSED/)(error);
    return error instanceof TaskError && error.retriable;
  });
});

test('an upload whose content fails, or that is cancelled while the store stalls, leaves no unfinished upload', async (t) => {
  const store = open(t);
  async function* failing(): AsyncGenerator<Buffer> {
    yield randomBytes(12 * MiB);
    throw new TaskError('file-changed', 'the file changed');
  }
  const upload = { contentType, expectedBytes: 30 * MiB };
  await assert.rejects(store.upload('failing', failing(), { ...upload, signal }), isTaskError('file-changed'));
  assert.deepEqual(await s3.files.uploads(bucket), []);
  assert.equal(await store.head('failing', { signal }), undefined);

  const cancel = new AbortController();
  const begun = Promise.withResolvers<undefined>();
  async function* endless(): AsyncGenerator<Buffer> {
    for (let part = 0; part < 1_000; part++) {
      if (part === 24) begun.resolve(undefined);
      yield randomBytes(MiB);
    }
  }
  const uploading = store.upload('endless', endless(), { ...upload, signal: cancel.signal });
  const ended = assert.rejects(uploading, /enough/);
  await begun.promise;
  cancel.abort(new Error('enough'));
  const at = performance.now();
  await ended;
  assert.ok(performance.now() - at < 2_000);
  assert.deepEqual(await s3.files.uploads(bucket), []);
});

test('a stalled download and a stalled upload end at once when they are cancelled', async (t) => {
  await s3.files.put(bucket, 'stalled', randomBytes(3 * MiB));
  await using proxy = await s3.startFaultProxy();
  const store = open(t, proxy.url('http'));
  const object = found(await store.head('stalled', { signal }));
  await proxy.setMode({ kind: 'stall', direction: 'toClient' });
  const cancel = new AbortController();
  const reading = assert.rejects(bytesOf(store.download(object, { signal: cancel.signal })), /enough/);
  const writing = assert.rejects(
    store.upload('stalled-upload', piecesOf(randomBytes(12 * MiB), MiB), {
      signal: cancel.signal,
      contentType,
      expectedBytes: 12 * MiB,
    }),
    /enough/,
  );
  await proxy.until(({ receivedFromServer }) => receivedFromServer > 0);
  const at = performance.now();
  cancel.abort(new Error('enough'));
  await Promise.all([reading, writing]);
  assert.ok(performance.now() - at < 2_000, `${performance.now() - at} ms`);
});

test('uploads that a crash left unfinished are found and discarded, and only those', async (t) => {
  const store = open(t);
  for (const Key of ['left/10.tar.gz', 'left/other']) {
    const { UploadId } = await s3.files.client.send(new CreateMultipartUploadCommand({ Bucket: bucket, Key }));
    await s3.files.client.send(
      new UploadPartCommand({ Bucket: bucket, Key, UploadId, PartNumber: 1, Body: Buffer.alloc(100) }),
    );
  }
  const discarded = await store.discardUploads('left/', { signal, isLeftover: (key) => key.endsWith('.tar.gz') });
  assert.deepEqual(discarded, ['left/10.tar.gz']);
  assert.deepEqual(
    (await s3.files.uploads(bucket)).map(({ key }) => key),
    ['left/other'],
  );
  const ages: number[] = [];
  await store.discardUploads('left/', { signal, isLeftover: (_key, ageMs) => ages.push(ageMs) > 0 });
  assert.ok(
    ages.every((age) => Math.abs(age) < 60_000),
    String(ages),
  );
  assert.deepEqual(await s3.files.uploads(bucket), []);
});

test('an endpoint that must not be reached is refused before anything is sent', () => {
  const egress = createEgress({ nodeRPC: 'http://127.0.0.1:26657' });
  for (const endpoint of ['http://169.254.169.254', 'http://127.0.0.1:9000', 'http://localhost:9000']) {
    assert.throws(
      () => openObjectStore(compileLocation({ bucket, endpoint }), { egress, clock: systemClock }),
      isTaskError('egress-refused'),
    );
  }
});

test('a name that leads to an address that must not be reached is refused when the connection is opened', async (t) => {
  const egress = createEgress({
    nodeRPC: 'http://127.0.0.1:26657',
    lookup: (_host, options, callback) => {
      if (options.all === true) callback(null, [{ address: '127.0.0.1', family: 4 }]);
      else callback(null, '127.0.0.1', 4);
    },
  });
  const endpoint = s3.endpoint.replace('127.0.0.1', 's3.example.com');
  const store = openObjectStore(compileLocation(s3.params(bucket, endpoint)), { egress, clock: systemClock });
  t.after(() => {
    store.close();
  });
  await assert.rejects(store.head('small', { signal }), isTaskError('egress-refused', /resolves to 127\.0\.0\.1/));
});

test('what goes to the store and what comes from it is told, byte for byte', async (t) => {
  const bytes = { upload: 0, download: 0 };
  const store = openTestStore(s3.params(bucket), (direction, count) => {
    bytes[direction] += count;
  });
  t.after(() => {
    store.close();
  });
  const content = randomBytes(12 * MiB + 7);
  await store.upload('told/large', piecesOf(content, MiB), { signal, contentType, expectedBytes: content.length });
  await store.putSmall('told/small', 'twelve bytes', { signal, contentType });
  assert.deepEqual(bytes, { upload: content.length + 12, download: 0 });
  await store.getSmall('told/small', { signal, maxBytes: 100 });
  await bytesOf(store.download(found(await store.head('told/large', { signal })), { signal }));
  assert.equal(bytes.download, content.length + 12);
});
