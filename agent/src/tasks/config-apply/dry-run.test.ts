import assert from 'node:assert/strict';
import { readdir, rm } from 'node:fs/promises';
import { describe, test } from 'node:test';
import { maxOutputBytes } from '@nodetask/shared';
import type { TaskReport } from '../../engine/task-handler.ts';
import type { NodeHome } from '../../node/node-home.ts';
import { makeTempHome } from '../../node/testing/temp-home.ts';
import { runTask } from '../testing/run-task.ts';
import { makeSeiHome, readConfigFile, rewrite, testHost } from '../testing/sei-home.ts';
import { configApply } from './config-apply.ts';

const apply = (home: NodeHome, params: object): Promise<TaskReport> =>
  runTask('config-apply', configApply(home, testHost), params);

const both = (home: NodeHome): Promise<string[]> =>
  Promise.all(['config.toml', 'app.toml'].map((name) => readConfigFile(home, name)));

describe('config-apply with dryRun', () => {
  test('writes nothing, and tells the changes that the same task without it makes', async (t) => {
    const home = await makeSeiHome(t);
    await rewrite(home, 'config.toml', 'persistent-peers = ""', 'persistent-peers = "id@host:26656"');
    await rewrite(home, 'config.toml', 'log-level = "info"', 'log-level = "debug"');
    await rewrite(home, 'app.toml', 'ws_port = 8546', 'ws_port = 9');
    const before = await both(home);
    const tried = await apply(home, { mode: 'full', dryRun: true });
    assert.deepEqual(await both(home), before);
    assert.deepEqual(await readdir(home.config), ['app.toml', 'config.toml']);
    assert.deepEqual([tried.outcome, tried.reason], ['skipped', 'dry-run']);
    assert.match(
      tried.message ?? '',
      /^dryRun is set, and nothing was written: log-level debug \u2192 info, p2p\.persistent-peers changed \(hidden\), evm\.ws_port 9 \u2192 8546$/,
    );
    const done = await apply(home, { mode: 'full' });
    assert.equal(done.outcome, 'changed');
    assert.deepEqual(tried.output, { ...done.output, reason: 'dry-run' });
    assert.equal((await apply(home, { mode: 'full', dryRun: true })).outcome, 'unchanged');
  });

  test('makes no file and no folder in a fresh home, and tells how many keys are new', async (t) => {
    const home = await makeTempHome(t);
    await rm(home.config, { recursive: true });
    const { outcome, output, message } = await apply(home, { mode: 'full', dryRun: true });
    assert.equal(outcome, 'skipped');
    assert.deepEqual(await readdir(home.root), ['data']);
    const { changes, changesOmitted } = output as { changes: unknown[]; changesOmitted: number };
    assert.ok(changes.length > 80 && changes.length + changesOmitted > 210);
    assert.ok(Buffer.byteLength(JSON.stringify(output)) <= maxOutputBytes);
    assert.match(message ?? '', /, and \d+ more$/);
    await rm(home.root, { recursive: true });
    await assert.rejects(apply(home, { mode: 'full', dryRun: true }), { code: 'file-missing' });
  });

  test('fails as the task without it would', async (t) => {
    const home = await makeSeiHome(t);
    await assert.rejects(apply(home, { mode: 'full', overrides: { 'mempool.size': '-1' }, dryRun: true }), {
      code: 'config-invalid',
    });
  });
});
