import assert from 'node:assert/strict';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, test } from 'node:test';
import type { TaskReport } from '../../engine/task-handler.ts';
import type { NodeHome } from '../../node/node-home.ts';
import { configApply } from '../config-apply/config-apply.ts';
import { configPatch } from '../config-patch/config-patch.ts';
import { runTask } from '../testing/run-task.ts';
import { makeSeiHome, readConfigFile, rewrite, testHost } from '../testing/sei-home.ts';

const patch = (home: NodeHome, params: object): Promise<TaskReport> =>
  runTask('config-patch', configPatch(home), params);

const apply = (home: NodeHome, params: object): Promise<TaskReport> =>
  runTask('config-apply', configApply(home, testHost), params);

const put = async (home: NodeHome, path: string): Promise<void> => {
  await mkdir(dirname(join(home.root, path)), { recursive: true });
  await writeFile(join(home.root, path), 'x');
};

type Way = readonly [what: string, change: (home: NodeHome, more: object) => Promise<TaskReport>];

const ways: readonly Way[] = [
  [
    'config-patch',
    (home, more) =>
      patch(home, { files: { 'app.toml': { 'min-retain-blocks': 7, api: { swagger: false } } }, ...more }),
  ],
  [
    'config-apply with an override',
    (home, more) => apply(home, { incremental: true, overrides: { 'chain.min_retain_blocks': '7' }, ...more }),
  ],
  [
    'config-apply with a mode',
    (home, more) => apply(home, { mode: 'full', overrides: { 'chain.min_retain_blocks': '7' }, ...more }),
  ],
  [
    'config-apply that migrates as well',
    (home, more) =>
      apply(home, { incremental: true, targetVersion: 2, overrides: { 'chain.min_retain_blocks': '7' }, ...more }),
  ],
];

/** Where nodes have state: databases, and stores that are no databases of CometBFT. */
const states = ['data/application.db/CURRENT', 'data/state_store/cosmos_ss/1', 'data/pebbledb/1', 'data/ledger/1'];

describe('a change that makes the node delete history', () => {
  for (const [what, change] of ways) {
    for (const state of states) {
      test(`by ${what} is refused on a node that has ${state}, also as a dry run, and no byte is written`, async (t) => {
        const home = await makeSeiHome(t);
        await put(home, state);
        const before = await readConfigFile(home, 'app.toml');
        for (const dryRun of [false, true]) {
          await assert.rejects(change(home, { dryRun }), (error: Error & { code?: string; output?: object }) => {
            assert.equal(error.code, 'history-loss');
            assert.match(
              error.message,
              /^app\.toml: with min-retain-blocks 100000 \u2192 7 the node would delete history that it has, for good \(it has .*\); nothing was written: leave these keys as they are, or set allowHistoryLoss to true/,
            );
            assert.match(JSON.stringify(error.output), /"key":"min-retain-blocks","from":100000,"to":7/);
            return true;
          });
        }
        assert.equal(await readConfigFile(home, 'app.toml'), before);
      });
    }

    test(`by ${what} goes through with allowHistoryLoss, and is a warning`, async (t) => {
      const home = await makeSeiHome(t);
      await put(home, 'data/application.db/CURRENT');
      const tried = await change(home, { allowHistoryLoss: true, dryRun: true });
      const done = await change(home, { allowHistoryLoss: true });
      assert.deepEqual([tried.outcome, done.outcome], ['skipped', 'changed']);
      for (const { warnings } of [tried, done]) {
        assert.deepEqual(warnings, [
          'the node deletes history that it has when it runs on with this app.toml: min-retain-blocks 100000 \u2192 7',
        ]);
      }
      assert.match(await readConfigFile(home, 'app.toml'), /\nmin-retain-blocks = 7\n/);
      assert.equal((await change(home, {})).outcome, 'unchanged');
    });

    test(`by ${what} is free on a node without state`, async (t) => {
      const home = await makeSeiHome(t);
      await put(home, 'data/priv_validator_state.json');
      await put(home, 'data/snapshots/100/2/0');
      const { outcome, warnings } = await change(home, {});
      assert.deepEqual([outcome, warnings], ['changed', undefined]);
    });
  }

  test('is refused if the state is in a folder that app.toml names', async (t) => {
    const home = await makeSeiHome(t);
    await put(home, 'stores/history/1');
    await rewrite(
      home,
      'app.toml',
      'ss-db-directory = ""',
      `ss-db-directory = ${JSON.stringify(join(home.root, 'stores/history'))}`,
    );
    for (const [, change] of ways) await assert.rejects(change(home, {}), { code: 'history-loss' });
  });

  test('is refused if the patch that prunes also says that the state is elsewhere', async (t) => {
    const home = await makeSeiHome(t);
    await put(home, 'data/application.db/CURRENT');
    const files = { 'app.toml': { pruning: 'everything' }, 'config.toml': { 'db-dir': 'elsewhere' } };
    await assert.rejects(patch(home, { files }), { code: 'history-loss' });
  });

  test('is refused if a patch removes the key that keeps all', async (t) => {
    const home = await makeSeiHome(t, 'archive');
    await put(home, 'data/application.db/CURRENT');
    await assert.rejects(patch(home, { remove: { 'app.toml': ['pruning'] } }), {
      code: 'history-loss',
      message: /with pruning removed \(was nothing\) the node/,
    });
  });

  test('is refused if an archive is to become a full node, and names all keys that do it', async (t) => {
    const home = await makeSeiHome(t, 'archive');
    await put(home, 'data/application.db/CURRENT');
    await assert.rejects(apply(home, { mode: 'full' }), {
      code: 'history-loss',
      message:
        /pruning nothing \u2192 custom, min-retain-blocks 0 \u2192 100000, state-store\.ss-keep-recent 0 \u2192 100000, state-commit\.sc-keep-recent 1 \u2192 0/,
    });
    assert.equal((await apply(home, { mode: 'archive' })).outcome, 'unchanged');
  });

  test('is a warning if app.toml was missing, as nothing tells what such a node was to keep', async (t) => {
    const home = await makeSeiHome(t, 'archive');
    await put(home, 'data/application.db/CURRENT');
    await rm(join(home.config, 'app.toml'));
    const { outcome, warnings } = await apply(home, { mode: 'full' });
    assert.equal(outcome, 'changed');
    assert.match(
      warnings?.[0] ?? '',
      /^the node deletes history .*pruning set to custom, .*min-retain-blocks set to 100000/,
    );
  });
});
