import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, suite, test } from 'node:test';
import { TaskError } from '@nodetask/shared';
import { TreeSync } from './sync-tree.ts';

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
      await new TreeSync(root, signal).finish();
    });

    test('a tree that is not there is an error that names it', async () => {
      await assert.rejects(new TreeSync('/nowhere/at/all', signal).finish(), (error) => {
        assert.ok(error instanceof TaskError);
        assert.match(error.message, /\/nowhere\/at\/all/);
        return true;
      });
    });

    test('a task that was cancelled ends with its reason', async () => {
      await assert.rejects(
        new TreeSync(tmpdir(), AbortSignal.abort(new Error('cancelled by a user'))).finish(),
        /cancelled by a user/,
      );
    });
  });
}

suite('while the tree is written', () => {
  const before = process.env['PATH'];
  const gibibyte = 1024 ** 3;
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'nodetask-sync-'));
  });
  afterEach(async () => {
    process.env['PATH'] = before;
    await rm(folder, { recursive: true });
  });

  /** In place of the program `sync`: notes that it was started, then goes on as the script says. */
  const replaceSync = async (script: string): Promise<() => Promise<number>> => {
    const log = join(folder, 'log');
    await writeFile(join(folder, 'sync'), `#!/bin/sh\necho started >> ${log}\n${script}\n`, { mode: 0o755 });
    process.env['PATH'] = `${folder}:${before ?? ''}`;
    return async () => (await readFile(log, 'utf8')).split('\n').length - 1;
  };

  test('the volume is synced early, by one program at a time, and once more at the end', async () => {
    const started = await replaceSync('exec /bin/sync "$@"');
    await using sync = new TreeSync(folder, signal);
    sync.written(1);
    sync.written(gibibyte);
    sync.written(2 * gibibyte);
    await sync.finish();
    assert.equal(await started(), 2);
  });

  test('after an early sync that failed each file is synced: a second one is not told of the error', async () => {
    const started = await replaceSync('exit 1');
    const tree = join(folder, 'tree');
    await mkdir(tree);
    await using sync = new TreeSync(tree, signal);
    sync.written(gibibyte);
    await sync.finish();
    assert.equal(await started(), 1);
    await rm(tree, { recursive: true });
    await assert.rejects(sync.finish(), TaskError, 'it is each file that is looked at');
  });

  test('a cancelled task ends the program, and nothing is left unhandled', async () => {
    await replaceSync('exec sleep 600');
    const controller = new AbortController();
    const sync = new TreeSync(folder, controller.signal);
    sync.written(gibibyte);
    controller.abort(new Error('cancelled by a user'));
    await sync[Symbol.asyncDispose]();
    await assert.rejects(sync.finish(), /cancelled by a user/);
  });
});
