import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, suite, test } from 'node:test';
import { TaskError } from '@nodetask/shared';
import { syncTree } from './sync-tree.ts';

const { signal } = new AbortController();

for (const [how, path] of [
  ['with a sync program', process.env['PATH']],
  ['without one', '/nowhere'],
] as const) {
  suite(how, () => {
    const before = process.env['PATH'];
    beforeEach(() => {
      process.env['PATH'] = path;
    });
    afterEach(() => {
      process.env['PATH'] = before;
    });

    test('a tree is synced', async (t) => {
      const root = await mkdtemp(join(tmpdir(), 'nodetask-sync-'));
      t.after(() => rm(root, { recursive: true }));
      await mkdir(join(root, 'a', 'b'), { recursive: true });
      for (const name of ['a/one', 'a/b/two', 'three']) await writeFile(join(root, name), name);
      await syncTree(root, signal);
    });

    test('a tree that is not there is an error that names it', async () => {
      await assert.rejects(syncTree('/nowhere/at/all', signal), (error) => {
        assert.ok(error instanceof TaskError);
        assert.match(error.message, /\/nowhere\/at\/all/);
        return true;
      });
    });

    test('a task that was cancelled ends with its reason', async () => {
      await assert.rejects(
        syncTree(tmpdir(), AbortSignal.abort(new Error('cancelled by a user'))),
        /cancelled by a user/,
      );
    });
  });
}
