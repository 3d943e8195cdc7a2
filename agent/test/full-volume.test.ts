import assert from 'node:assert/strict';
import { after, before, describe, test, type TestContext } from 'node:test';
import type { TaskType } from '@nodetask/shared';
import { type Chain, startChain } from '@nodetask/testbed';
import type { NodeHome } from '../src/node/node-home.ts';
import { makeTempHome } from '../src/node/testing/temp-home.ts';
import { makeSeiHome } from '../src/tasks/testing/sei-home.ts';
import { type Fill, type FullVolumeRun, runOnFullVolume, type Tree, whyNoMount } from './support/full-volume.ts';
import { startTestS3, testBucket } from './support/object-store.ts';
import { assertComplete, readPages } from './support/result-export.ts';
import { chainId, makeChainHome, runUpload, writeSnapshot } from './support/snapshot-home.ts';

/**
 * The tasks on a really full volume, a small tmpfs: the error says `disk-full`, the node's files are as they were, nothing is left behind,
 * and once there is space again the same task succeeds.
 */

const noMount = whyNoMount();
if (noMount !== undefined) {
  process.stderr.write(
    `WARNING: this machine mounts no tmpfs in a namespace of its own (${noMount}). The tests of full volumes run with a quota on the writes of their process instead.\n`,
  );
}

const s3 = await startTestS3();
let chain: Chain;
before(async () => {
  chain = await startChain({ timeoutCommit: '30ms' });
  await chain.validator.waitForHeight(30);
});
after(async () => {
  await chain.stop();
});

interface Task {
  readonly type: TaskType;
  readonly params: object;
  readonly prefixes?: string;
  readonly fills: readonly Fill[];
  /** Default: of the chain. */
  readonly nodeRPC?: string;
}

const run = async (t: TestContext, home: NodeHome, task: Task): Promise<readonly FullVolumeRun[]> => {
  if (noMount !== undefined) t.diagnostic(`no volume but a quota, since none can be mounted: ${noMount}`);
  const where = { template: home.root, nodeRPC: chain.validator.rpcUrl, isMounted: noMount === undefined };
  const runs = await runOnFullVolume(t, { ...where, ...task }, 32);
  assert.equal(runs.length, task.fills.length);
  for (const { isFull, fill } of runs) assert.ok(isFull, `never got to ${JSON.stringify(fill)}`);
  return runs;
};

/** The files of the node, without what belongs to the agent. */
const nodeFiles = (tree: Tree): Tree =>
  Object.fromEntries(Object.entries(tree).filter(([path]) => !path.startsWith('.nodetask')));

const temporaries = (tree: Tree): readonly string[] =>
  Object.keys(tree).filter((path) => /\.tmp$|\.journal$|transaction\.json$|\.restore-/.test(path));

const assertRefused = ({ error, before: old, after: now, fill }: FullVolumeRun): void => {
  const what = JSON.stringify(fill);
  assert.equal(error?.code, 'disk-full', `${what}: ${error?.message ?? 'no error'}`);
  assert.match(error.message, /free space/);
  assert.deepEqual(temporaries(now), [], what);
  assert.deepEqual(nodeFiles(now), nodeFiles(old), what);
};

/** From no space at all to enough, a block at a time. */
const blocks: readonly Fill[] = Array.from({ length: 10 }, (_, index) => ({ bytesLeft: index * 4096 }));

describe('a full volume', () => {
  for (const [type, params] of [
    ['config-apply', { mode: 'archive' }],
    ['config-patch', { files: { 'config.toml': { moniker: 'b' }, 'app.toml': { pruning: 'custom' } } }],
  ] as const) {
    test(`${type} changes both files or none, however few blocks are left`, async (t) => {
      const runs = await run(t, await makeSeiHome(t, 'validator'), { type, params, fills: blocks });
      const refused = runs.filter(({ error }) => error !== undefined);
      for (const one of refused) {
        assertRefused(one);
        assert.equal(one.again, 'changed');
      }
      // None of the last blocks is missing for nothing, and the first ones are too few.
      assert.ok(refused.length >= 4 && refused.length < runs.length, `${refused.length} of ${runs.length} refused`);
      const [wanted] = runs.slice(-1);
      assert.equal(wanted?.outcome, 'changed');
      for (const { afterAgain } of runs) assert.deepEqual(afterAgain, wanted.after);
    });
  }

  test('configure-genesis keeps the genesis that it has', async (t) => {
    const text = JSON.stringify({
      genesis_time: '2026-01-01T00:00:00Z',
      chain_id: chainId,
      app_state: { pad: 'x'.repeat(12_000_000) },
    });
    await s3.files.put(testBucket, 'genesis.json', text);
    const { bucket, ...server } = s3.params(testBucket);
    const runs = await run(t, await makeChainHome(t), {
      type: 'configure-genesis',
      params: { uri: `s3://${bucket}/genesis.json`, ...server },
      // That chain is another one.
      nodeRPC: 'http://127.0.0.1:1',
      fills: [{ bytesLeft: 0 }, { bytesLeft: 1_000_000 }, { atStage: 'download' }],
    });
    for (const one of runs) {
      assertRefused(one);
      assert.equal(one.again, 'changed');
      assert.deepEqual(temporaries(one.afterAgain), []);
    }
  });

  test('snapshot-restore keeps the snapshots that it has', async (t) => {
    const source = await makeChainHome(t);
    for (const height of [100, 200]) await writeSnapshot(source, height, 4_000_000);
    await runUpload(source, { ...s3.params(testBucket), prefix: 'restore/' });
    const home = await makeChainHome(t);
    await writeSnapshot(home, 50, 1_000_000);
    const runs = await run(t, home, {
      type: 'snapshot-restore',
      // The RPC that answers is that of another node.
      params: { ...s3.params(testBucket), prefix: 'restore/', chainId, allowRunning: true },
      // Before the download; while it unpacks; when all that is missing is the commit.
      fills: [{ bytesLeft: 1_000_000 }, { atStage: 'download' }, { atStage: 'sync' }],
    });
    for (const one of runs) {
      assertRefused(one);
      assert.equal(one.again, 'changed');
      assert.ok('data/snapshots/100/1/0' in one.afterAgain && !('data/snapshots/50/1/0' in one.afterAgain));
      assert.deepEqual(temporaries(one.afterAgain), []);
    }
  });

  test('snapshot-upload needs no space', async (t) => {
    const home = await makeChainHome(t);
    for (const height of [100, 200]) await writeSnapshot(home, height, 1_000_000);
    const [only] = await run(t, home, {
      type: 'snapshot-upload',
      params: s3.params(testBucket),
      prefixes: 'upload/',
      fills: [{ bytesLeft: 0 }],
    });
    assert.equal(only?.outcome, 'changed');
    // Folders of the agent's own state may be there; what was to be kept in them is kept by the next run.
    const ofTheNode = Object.entries(only.after).filter(([path]) => !path.startsWith('.nodetask'));
    assert.deepEqual(Object.fromEntries(ofTheNode), only.before);
    assert.equal(only.again, 'unchanged');
    assert.deepEqual(await s3.files.uploads(testBucket), []);
  });

  test('result-export stops at its state, and goes on without a gap or a double', async (t) => {
    const runs = await run(t, await makeTempHome(t), {
      type: 'result-export',
      params: { ...s3.params(testBucket), pageSize: 7 },
      prefixes: 'export/',
      // Before its state says what it begins; after the page is stored, before its state says so.
      fills: [{ bytesLeft: 0 }, { atStage: 'export' }],
    });
    for (const [index, one] of runs.entries()) {
      assertRefused(one);
      assert.equal(one.again, 'changed');
      const pages = await readPages(s3, `export/${index}/`);
      assert.ok(assertComplete(pages, 1) >= 28);
    }
    assert.deepEqual(await s3.files.uploads(testBucket), []);
  });
});
