import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type Chain, startChain } from '@nodetask/testbed';
import { killExports } from './support/export-kills.ts';
import { startTestS3, testBucket } from './support/object-store.ts';
import { assertComplete, assertFaithful, readPages } from './support/result-export.ts';

/**
 * kill -9 of a real agent at random moments of its exports. With a number, run directly, it kills that often:
 *
 *   npm run chaos -- result-export 50
 */

/** Of each kind. */
const kills = Number(process.argv[2] ?? '6');
const s3 = await startTestS3();
let chain: Chain;
before(async () => {
  chain = await startChain({ timeoutCommit: '60ms' });
});
after(async () => {
  await chain.stop();
});

describe('result-export over kill -9', { timeout: 120_000 + kills * 30_000 }, () => {
  for (const [what, isOneShot, more] of [
    // Small pages: after each start there are several to write.
    ['a daemon', false, { pageSize: 10 }],
    ['one-shots whose page is not full', true, { pageSize: 1_000, partialPage: true }],
  ] as const) {
    test(`${what}: every height exactly once`, async () => {
      const prefix = isOneShot ? 'one-shots/' : 'daemon/';
      // Its answers come late: most kills fall between an object that is stored and an agent that knows.
      await using store = await s3.startFaultProxy();
      await store.setMode({ kind: 'delay', toServerMs: 0, toClientMs: 50 });
      const task = {
        type: 'result-export',
        params: { ...s3.params(testBucket, store.url('http')), prefix, ...more },
        ...(isOneShot ? {} : { async: { daemon: { restartPolicy: 'OnFailure' } } }),
      };
      const { lastExportedHeight } = await killExports({
        chain,
        s3,
        store,
        task,
        isOneShot,
        kills,
        withinMs: 200,
        random: Math.random,
      });
      const pages = await readPages(s3, prefix);
      assert.ok(assertComplete(pages, 1) >= lastExportedHeight);
      await assertFaithful(pages, chain.validator);
      assert.deepEqual(await s3.files.uploads(testBucket), []);
    });
  }
});
