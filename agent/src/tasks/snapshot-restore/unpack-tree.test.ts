import assert from 'node:assert/strict';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, test } from 'node:test';
import type { TarEvent } from '../../archive/read-tar.ts';
import { unpackTree } from './unpack-tree.ts';

const before = process.umask();
afterEach(() => {
  process.umask(before);
});

const budget = { entries: 100, bytes: 1024 * 1024 };
const modes = [0o644, 0o600, 0o444, 0o755, 0o666];

for (const umask of [0o022, 0o077, 0]) {
  test(`files have the modes of the archive, whatever the umask: ${umask.toString(8)}`, async (t) => {
    const root = await mkdtemp(join(tmpdir(), 'nodetask-unpack-'));
    t.after(() => rm(root, { recursive: true }));
    process.umask(umask);
    // Each mode twice: what is learned of the first file is used for the second.
    const files = [...modes, ...modes].map((mode, index) => ({ name: `file-${index}`, mode }));
    async function* events(): AsyncGenerator<TarEvent, void, undefined> {
      await Promise.resolve();
      for (const { name, mode } of files) {
        yield { kind: 'file', segments: ['folder', name], mode, bytes: 1 };
        yield { kind: 'data', chunk: Buffer.from('x') };
      }
    }
    await unpackTree(events(), root, { budget });
    for (const { name, mode } of files) {
      assert.equal((await stat(join(root, 'folder', name))).mode & 0o7777, mode, `${name} of mode ${mode.toString(8)}`);
    }
  });
}
