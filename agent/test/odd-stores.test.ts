import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test, type TestContext } from 'node:test';
import { PutBucketPolicyCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { type HttpFaultReply, type PassedHead, s3Error, withoutHeaders } from '@nodetask/testbed';
import { TaskError } from '@nodetask/shared';
import type { NodeHome } from '../src/node/node-home.ts';
import { collect, openTestStore, startTestS3, testBucket as bucket } from './support/object-store.ts';
import { putArchive } from './support/put-archive.ts';
import { chainId, describeTree, makeChainHome, runRestore, runUpload, writeSnapshot } from './support/snapshot-home.ts';

/** Stores that offer less than S3 does, or answer otherwise: a real S3 server behind a proxy that changes its answers. */

const s3 = await startTestS3();
const at = (prefix: string, endpoint = s3.endpoint) => ({ ...s3.params(bucket, endpoint), prefix });

const makeSource = async (t: TestContext): Promise<NodeHome> => {
  const home = await makeChainHome(t);
  for (const height of [1, 2]) await writeSnapshot(home, height, 10_000);
  return home;
};

const uploaded = async (t: TestContext, prefix: string): Promise<NodeHome> => {
  const home = await makeSource(t);
  await runUpload(home, at(prefix));
  return home;
};

const treeOf = (home: NodeHome) => describeTree(join(home.data, 'snapshots', '1'));

const assertRestored = async (source: NodeHome, target: NodeHome): Promise<void> => {
  assert.deepEqual(await treeOf(target), await treeOf(source));
};

const noBody = (status: number): HttpFaultReply => ({ status });

describe('a store without the list of unfinished uploads', () => {
  const answers: Readonly<Record<string, HttpFaultReply>> = {
    'status 501': s3Error(501, 'NotImplemented'),
    'status 405': s3Error(405, 'MethodNotAllowed'),
    'status 400': s3Error(400, 'InvalidRequest'),
    'status 403': s3Error(403, 'AccessDenied'),
    'status 404': s3Error(404, 'NoSuchKey'),
    'status 501 and no body': noBody(501),
    'status 404 and no body': noBody(404),
    'a text that is no XML': { status: 501, headers: { 'content-type': 'text/plain' }, body: 'not implemented' },
    'a web page': { status: 200, headers: { 'content-type': 'text/html' }, body: '<html><body><p>hello</body></html>' },
  };
  for (const [what, answer] of Object.entries(answers)) {
    test(`that answers with ${what} takes an upload, which warns once`, async (t) => {
      const prefix = what.replaceAll(' ', '-');
      let asked = 0;
      await using proxy = await s3.startHttpFaultProxy(({ method, url }) => {
        if (method !== 'GET' || !/[?&]uploads\b/.test(url)) return undefined;
        asked += 1;
        return answer;
      });
      const { outcome, warnings } = await runUpload(await makeSource(t), at(prefix, proxy.endpoint));
      assert.equal(asked, 1);
      assert.equal(outcome, 'changed');
      assert.equal(warnings?.length, 1, String(warnings));
      assert.match(warnings[0] ?? '', /^let a lifecycle rule of the bucket end incomplete uploads/);
      assert.ok((await s3.files.list(bucket, `${prefix}/1.tar.gz`)).length === 1);
    });
  }

  test('is not taken for one that cannot be reached', async (t) => {
    await using proxy = await s3.startHttpFaultProxy(({ url }) =>
      /[?&]uploads\b/.test(url) ? s3Error(503, 'SlowDown') : undefined,
    );
    await assert.rejects(runUpload(await makeSource(t), at('silent', proxy.endpoint)), {
      code: 'object-store-unreachable',
      retriable: true,
    });
  });

  test('that does not discard uploads either takes one', async (t) => {
    const store = openTestStore(s3.params(bucket));
    t.after(() => {
      store.close();
    });
    const { CreateMultipartUploadCommand } = await import('@aws-sdk/client-s3');
    await s3.files.client.send(new CreateMultipartUploadCommand({ Bucket: bucket, Key: 'no-abort/1.tar.gz' }));
    await using proxy = await s3.startHttpFaultProxy(({ method }) =>
      method === 'DELETE' ? s3Error(403, 'AccessDenied') : undefined,
    );
    const { warnings } = await runUpload(await makeSource(t), at('no-abort', proxy.endpoint));
    assert.match(warnings?.[0] ?? '', /lifecycle rule .*cannot discard the unfinished upload/);
    await store.discardUploads('no-abort/', { signal: new AbortController().signal, isLeftover: () => true });
  });
});

type Rewrite = (head: PassedHead, method: string) => PassedHead;

const weaken: Rewrite = ({ status, rawHeaders }) => ({
  status,
  rawHeaders: rawHeaders.map((value, index) => (/^etag$/i.test(rawHeaders[index - 1] ?? '') ? `W/${value}` : value)),
});

/** `etag` alone; the time and checksums stay. */
const rewrites: Readonly<Record<string, Rewrite>> = {
  'without ETags': (head) => withoutHeaders(head, 'etag'),
  'with weak ETags': weaken,
  'without ETags and times': (head) => withoutHeaders(head, 'etag', 'last-modified'),
  'without lengths in answers to HEAD': (head, method) =>
    method === 'HEAD' ? withoutHeaders(head, 'content-length', 'etag') : head,
  'without Content-Range': (head) => withoutHeaders(head, 'content-range'),
  'that knows no HEAD': (head, method) => (method === 'HEAD' ? { ...head, status: 405 } : head),
  'that does not implement HEAD': (head, method) => (method === 'HEAD' ? { ...head, status: 501 } : head),
  'that refuses HEAD': (head, method) => (method === 'HEAD' ? { ...head, status: 403 } : head),
};

describe('a snapshot', () => {
  for (const [what, rewrite] of Object.entries(rewrites)) {
    test(`in a store ${what} is restored, guarded by its manifest`, async (t) => {
      const prefix = `odd-${what.replaceAll(/[^A-Za-z]/g, '-')}`;
      const source = await uploaded(t, prefix);
      await using proxy = await s3.startHttpFaultProxy();
      proxy.rewrite = ({ method }, head) => rewrite(head, method);
      const target = await makeChainHome(t);
      const { outcome, warnings } = await runRestore(target, at(prefix, proxy.endpoint));
      assert.equal(outcome, 'changed');
      assert.deepEqual(warnings, []);
      await assertRestored(source, target);
    });
  }

  test('without ETag, manifest and checksum is restored with a warning, and with sha256 without one', async (t) => {
    const source = await uploaded(t, 'unpinned');
    const archive = await s3.files.get(bucket, 'unpinned/1.tar.gz');
    const key = `unpinned/snapshot_1_${chainId}_eu.tar.gz`;
    await s3.files.put(bucket, key, archive);
    for (const other of ['1.tar.gz', '1.manifest.json', 'latest.txt']) {
      await rm(join(s3.folder, bucket, 'unpinned', other));
    }
    await using proxy = await s3.startHttpFaultProxy();
    proxy.rewrite = (_, head) => withoutHeaders(head, 'etag', 'x-amz-checksum-crc32', 'x-amz-checksum-crc64nvme');
    const target = await makeChainHome(t);
    const { warnings } = await runRestore(target, { ...at('unpinned', proxy.endpoint), allowUnverified: false });
    assert.match(String(warnings), /gives the archive no ETag and no checksum/);
    await assertRestored(source, target);
    const sha256 = createHash('sha256').update(archive).digest('hex');
    const again = await runRestore(await makeChainHome(t), { ...at('unpinned', proxy.endpoint), sha256 });
    assert.deepEqual(again.warnings, []);
  });

  for (const algorithm of ['SHA256', 'SHA1', 'CRC32', 'CRC32C', 'CRC64NVME'] as const) {
    test(`without ETag and manifest is guarded by the ${algorithm} that its store keeps`, async (t) => {
      const prefix = `sum-${algorithm.toLowerCase()}`;
      await uploaded(t, prefix);
      const key = `${prefix}/snapshot_1_${chainId}_eu.tar.gz`;
      const Body = await s3.files.get(bucket, `${prefix}/1.tar.gz`);
      await s3.files.client.send(
        new PutObjectCommand({ Bucket: bucket, Key: key, Body, ChecksumAlgorithm: algorithm }),
      );
      for (const other of ['1.tar.gz', '1.manifest.json', 'latest.txt']) {
        await rm(join(s3.folder, bucket, prefix, other));
      }
      await using proxy = await s3.startHttpFaultProxy();
      proxy.rewrite = (_, head) => withoutHeaders(head, 'etag');
      const { warnings } = await runRestore(await makeChainHome(t), at(prefix, proxy.endpoint));
      assert.deepEqual(warnings, []);
      proxy.rewrite = (_, { status, rawHeaders }) => ({
        status,
        rawHeaders: withoutHeaders({ status, rawHeaders }, 'etag').rawHeaders.map((value, index, all) =>
          /^x-amz-checksum-(?!type)/i.test(all[index - 1] ?? '') ? 'AAAAAAAA' : value,
        ),
      });
      const target = await makeChainHome(t);
      await assert.rejects(runRestore(target, at(prefix, proxy.endpoint)), {
        code: 'object-changed',
        message: /the store says AAAAAAAA/,
      });
      assert.deepEqual(await describeTree(target.data), {});
    });
  }

  test('without ETags that is replaced by another while it comes is not mixed of two', async (t) => {
    const prefix = 'replaced';
    await uploaded(t, prefix);
    const key = `${prefix}/1.tar.gz`;
    const content = await s3.files.get(bucket, key);
    await using proxy = await s3.startHttpFaultProxy(async ({ method, url }) => {
      if (method === 'GET' && url.includes('.tar.gz'))
        await s3.files.put(bucket, key, Buffer.concat([content, content]));
      return undefined;
    });
    proxy.rewrite = (_, head) => withoutHeaders(head, 'etag');
    await assert.rejects(runRestore(await makeChainHome(t), at(prefix, proxy.endpoint)), {
      code: 'object-changed',
      message: /size of \d+ instead of \d+ bytes/,
    });
  });

  test('is found where listing is not allowed, and latest.txt names its height', async (t) => {
    const source = await uploaded(t, 'unlisted');
    await rm(join(s3.folder, bucket, 'unlisted', '1.manifest.json'));
    await using proxy = await s3.startHttpFaultProxy(({ url }) =>
      url.includes('list-type=') ? s3Error(403, 'AccessDenied') : undefined,
    );
    for (const more of [{}, { targetHeight: 1 }]) {
      const target = await makeChainHome(t);
      const { warnings } = await runRestore(target, { ...at('unlisted', proxy.endpoint), ...more });
      assert.ok(!String(warnings).includes('manifest'));
      await assertRestored(source, target);
    }
    // S3 says so of a manifest that is not there.
    proxy.rule = ({ url }) =>
      url.includes('list-type=') || url.includes('manifest') ? s3Error(403, 'AccessDenied') : undefined;
    const target = await makeChainHome(t);
    const params = at('unlisted', proxy.endpoint);
    await assert.rejects(runRestore(target, { ...params, allowUnverified: false }), { code: 'chain-unproven' });
    const { warnings } = await runRestore(target, params);
    assert.match(String(warnings), /nothing was compared with a manifest/);
    await assertRestored(source, target);
  });

  test('in an archive of a data directory is refused by what that holds', async (t) => {
    const home = await makeChainHome(t);
    await writeSnapshot(home, 7, 10);
    await rename(join(home.data, 'snapshots', '7'), join(home.data, 'snapshots', 'wasm'));
    await putArchive(s3, home, 'data-folder/7.tar.gz');
    await assert.rejects(runRestore(await makeChainHome(t), at('data-folder')), {
      code: 'snapshot-invalid',
      message: /no folder 7 at its top, but "wasm": only archives of state-sync snapshots are read/,
    });
  });

  test('under a name that is not understood is counted, and the names that are understood are said', async (t) => {
    for (const name of ['7000-3.tar.gz', 'sei_7000.tar.lz4', '7000.tgz', '7000.tar.zstd', 'latest.txt', '9.tar.gz']) {
      await s3.files.put(bucket, `names/${name}`, name === 'latest.txt' ? '7000' : 'x');
    }
    await assert.rejects(runRestore(await makeChainHome(t), at('names')), (error) => {
      assert.ok(error instanceof TaskError && error.code === 'object-missing', String(error));
      assert.match(
        error.message,
        /\(of other heights or chains: 1\), and 4 objects with a name that is not understood/,
      );
      assert.match(error.message, /\("7000-3\.tar\.gz", "7000\.tar\.zstd", "7000\.tgz", \u2026\)/);
      assert.match(
        error.message,
        /<height>\.tar\.gz, <height>\.tar\.zst and snapshot_<height>_<chain>_<region>\.tar\.gz/,
      );
      return true;
    });
  });
});

/** Every request of a restore, by header. */
const watched = async (params: object, t: TestContext) => {
  const seen: NodeJS.Dict<string | string[]>[] = [];
  await using proxy = await s3.startHttpFaultProxy(({ headers }) => {
    seen.push(headers);
    return undefined;
  });
  const target = await makeChainHome(t);
  await runRestore(target, { ...at('public', proxy.endpoint), ...params });
  return { seen, target };
};

describe('who pays and who asks', () => {
  test('a public bucket is read without credentials, and nothing is signed', async (t) => {
    const source = await uploaded(t, 'public');
    const Policy = JSON.stringify({
      Version: '2012-10-17',
      Statement: [
        { Effect: 'Allow', Principal: '*', Action: ['s3:GetObject'], Resource: [`arn:aws:s3:::${bucket}/public/*`] },
        { Effect: 'Allow', Principal: '*', Action: ['s3:ListBucket'], Resource: [`arn:aws:s3:::${bucket}`] },
      ],
    });
    await s3.files.client.send(new PutBucketPolicyCommand({ Bucket: bucket, Policy }));
    for (const name of Object.keys(s3.environment).filter((key) => /KEY|TOKEN/.test(key))) {
      const value = process.env[name];
      Reflect.deleteProperty(process.env, name);
      t.after(() => {
        process.env[name] = value;
      });
    }
    await assert.rejects(runRestore(await makeChainHome(t), at('public')), {
      code: 'object-store-refused',
      message: /set anonymous to true to read a public bucket/,
    });
    const { seen, target } = await watched({ anonymous: true }, t);
    assert.ok(seen.length >= 3, String(seen.length));
    for (const headers of seen) {
      assert.deepEqual(
        Object.keys(headers).filter((name) =>
          /^(?:authorization|x-amz-(?:security-token|date|request-payer))$/.test(name),
        ),
        [],
      );
    }
    await assertRestored(source, target);
    await s3.files.put(bucket, 'private/latest.txt', '1');
    await assert.rejects(runRestore(await makeChainHome(t), { ...at('private'), anonymous: true }), {
      code: 'object-store-refused',
      message: /not for everybody to read: .*leave anonymous out/,
    });
  });

  test('credentials that the agent has are not sent where anonymous is set', async (t) => {
    const { seen } = await watched({ anonymous: true }, t);
    assert.ok(seen.every(({ authorization }) => authorization === undefined));
  });

  test('a bucket whose requester pays is told so in each request, and the word is signed', async (t) => {
    const { seen } = await watched({ requestPayer: 'requester' }, t);
    assert.ok(seen.length >= 3);
    for (const headers of seen) {
      assert.equal(headers['x-amz-request-payer'], 'requester');
      assert.match(String(headers['authorization']), /SignedHeaders=[^,]*x-amz-request-payer/);
    }
    const own = await watched({}, t);
    assert.ok(own.seen.every((headers) => headers['x-amz-request-payer'] === undefined));
  });
});

describe('an error of the store', () => {
  const answers: readonly (readonly [code: string, status: number, ours: string, retriable: boolean, says: RegExp])[] =
    [
      ['InvalidObjectState', 403, 'object-archived', false, /restore the object from the archive first/],
      ['KMS.DisabledException', 400, 'object-store-refused', false, /KMS key of the bucket/],
      ['XMinioStorageFull', 507, 'object-store-full', false, /free space there/],
      ['PermanentRedirect', 301, 'object-store-invalid', false, /correct region/],
      ['ExpiredToken', 400, 'object-store-refused', false, /renew them/],
      ['AccessDenied', 403, 'object-store-refused', false, /requestPayer: requester/],
      ['PreconditionFailed', 412, 'object-changed', true, /replaced or removed/],
    ];
  for (const [code, status, ours, retriable, says] of answers) {
    test(`${code} is judged by its code, whichever request it answers`, async (t) => {
      const prefix = `error-${code.toLowerCase()}`;
      await uploaded(t, prefix);
      // An answer to HEAD has no body: the code comes with the GET after it.
      await using proxy = await s3.startHttpFaultProxy(({ method, url }) =>
        !url.includes('.tar.gz') ? undefined : method === 'HEAD' ? noBody(status) : s3Error(status, code),
      );
      const store = openTestStore(s3.params(bucket, proxy.endpoint));
      t.after(() => {
        store.close();
      });
      const expected = { code: ours, retriable, message: says };
      await assert.rejects(runRestore(await makeChainHome(t), at(prefix, proxy.endpoint)), expected);
      const { signal } = new AbortController();
      const object = { key: `${prefix}/1.tar.gz`, bytes: 10 };
      await assert.rejects(collect(store.download(object, { signal })), expected);
    });
  }
});
