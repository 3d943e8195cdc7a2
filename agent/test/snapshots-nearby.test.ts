import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { s3Error } from '@nodetask/testbed';
import { openTestStore, startTestS3, testBucket as bucket } from './support/object-store.ts';
import { chainId, makeChainHome, runRestore, runUpload, writeSnapshot } from './support/snapshot-home.ts';
import { snapshotsNearby } from '../src/tasks/snapshot/snapshots-nearby.ts';

/** A prefix beside the snapshots, on a real S3 server: the message says which prefix has them. */

const s3 = await startTestS3();
const put = (key: string): Promise<unknown> => s3.files.put(bucket, key, 'x');
const { bucket: _, ...server } = s3.params(bucket);
const signal = new AbortController().signal;

describe('a restore from a prefix without snapshots', () => {
  before(async () => {
    for (let index = 0; index < 300; index++) await put(`high/a-${String(index)}/note`);
    for (const key of [`high/${chainId}/5.tar.gz`, `high/${chainId}/latest.txt`, 'deep/x/state-sync/7.tar.zst'])
      await put(key);
    for (let index = 0; index < 9; index++) await put(`many/c-${String(index)}/5.tar.gz`);
    await put(`own/${chainId}/weekly/5.tar.gz`);
    await put('too/deep/for/a/hint/5.tar.gz');
  });

  const cases: Readonly<Record<string, readonly [string, RegExp]>> = {
    'that is one level too high names the prefix of its chain, among hundreds': [
      'high',
      /\(of other heights or chains: 0\): did you mean prefix "high\/test-chain-1"\?$/,
    ],
    'that is above a folder of its chain which has another one names that': [
      'own',
      /: did you mean prefix "own\/test-chain-1\/weekly"\?$/,
    ],
    'that is two levels too high names it': ['deep', /: did you mean prefix "deep\/x\/state-sync"\?$/],
    'that is one level too low names it': [`high/${chainId}/5.tar.gz`, /: did you mean prefix "high\/test-chain-1"\?$/],
    'above many names three of them': [
      'many',
      /did you mean prefix "many\/c-0" or "many\/c-1" or "many\/c-2" or another one\?$/,
    ],
    'far above says what to check': ['too', /chains: 0\): check bucket, prefix, chainId and targetHeight$/],
    'of a bucket without any says what to check': ['nothing/here', /chains: 0\): check bucket, prefix, chainId and/],
  };
  for (const [what, [prefix, message]] of Object.entries(cases)) {
    test(what, async (t) => {
      const home = await makeChainHome(t);
      await assert.rejects(runRestore(home, { ...s3.params(bucket), prefix }), { code: 'object-missing', message });
    });
  }

  test('that a uri names gets the uri to write instead', async (t) => {
    const home = await makeChainHome(t);
    await assert.rejects(runRestore(home, { ...server, uri: `s3://${bucket}/high/` }), {
      code: 'object-missing',
      message: /: did you mean uri "s3:\/\/snapshots\/high\/test-chain-1"\?$/,
    });
  });

  test('with snapshots of another chain says so, and asks nothing', async (t) => {
    const home = await makeChainHome(t, 'other-1');
    await put('other/snapshot_5_other-chain_eu.tar.gz');
    await assert.rejects(runRestore(home, { ...s3.params(bucket), prefix: 'other', chainId: 'other-1' }), {
      code: 'object-missing',
      message: /\(of other heights or chains: 1\): check/,
    });
  });
});

describe('the look around', () => {
  test('takes few requests of a bucket with many folders, and ends with a store that fails', async () => {
    let listed = 0;
    let failing = false;
    await using proxy = await s3.startHttpFaultProxy(({ url }) => {
      if (!url.includes('list-type')) return undefined;
      listed += 1;
      return failing ? s3Error(400, 'InvalidRequest') : undefined;
    });
    const store = openTestStore(s3.params(bucket, proxy.endpoint));
    after(() => {
      store.close();
    });
    for (let index = 0; index < 60; index++) await put(`wide/f-${String(index)}/note`);
    assert.deepEqual(await snapshotsNearby(store, 'wide/', { chainId, signal, above: true }), []);
    assert.equal(listed, 20);
    [listed, failing] = [0, true];
    assert.deepEqual(await snapshotsNearby(store, 'wide/', { chainId, signal }), []);
    assert.equal(listed, 1);
  });

  test('goes on after a place that the store does not let it see, and rejects with the reason of an abort', async () => {
    await using proxy = await s3.startHttpFaultProxy(({ url }) =>
      url.includes('list-type') && /prefix=seen%2F(&|$)/.test(url) ? undefined : s3Error(403, 'AccessDenied'),
    );
    await put('seen/5.tar.gz');
    const store = openTestStore(s3.params(bucket, proxy.endpoint));
    after(() => {
      store.close();
    });
    assert.deepEqual(await snapshotsNearby(store, 'seen/gone/', { chainId, signal, above: true }), ['seen/']);
    const stopped = new Error('the test stops it');
    await assert.rejects(
      snapshotsNearby(store, 'seen/gone/', { chainId, signal: AbortSignal.abort(stopped), above: true }),
      stopped,
    );
  });
});

describe('an upload to a prefix that is one level too high', () => {
  test('warns the first time', async (t) => {
    await put('up/pacific-1/5.tar.gz');
    const home = await makeChainHome(t);
    for (const height of [1, 2]) await writeSnapshot(home, height, 100);
    const { outcome, warnings } = await runUpload(home, { ...server, uri: `s3://${bucket}/up` });
    assert.equal(outcome, 'changed');
    assert.equal(warnings?.length, 1);
    assert.match(
      warnings[0] ?? '',
      /^this is the first upload to .*, and there are snapshots below it: did you mean uri "s3:\/\/snapshots\/up\/pacific-1"\?$/,
    );
    await writeSnapshot(home, 3, 100);
    assert.equal((await runUpload(home, { ...server, uri: `s3://${bucket}/up` })).warnings, undefined);
  });

  test('with maxAgeSeconds says where there are snapshots', async (t) => {
    await put('aged/pacific-1/5.tar.gz');
    const home = await makeChainHome(t);
    await assert.rejects(runUpload(home, { ...s3.params(bucket), prefix: 'aged', maxAgeSeconds: 60 }), {
      code: 'upload-too-old',
      message: /nothing is uploaded at .*; nothing uploaded: 0 snapshots .*; did you mean prefix "aged\/pacific-1"\?$/,
    });
  });
});
