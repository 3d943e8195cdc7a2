import assert from 'node:assert/strict';
import { rm, writeFile } from 'node:fs/promises';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { readTextFile } from './read-file.ts';

test('a text file is read whole up to the bound, and refused beyond it', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'nodetask-read-'));
  t.after(() => rm(folder, { recursive: true }));
  const path = join(folder, 'config.toml');
  await writeFile(path, 'x'.repeat(1_000));
  assert.equal(await readTextFile(path, 1_000), 'x'.repeat(1_000));
  await assert.rejects(readTextFile(path, 999), { code: 'file-invalid', message: /has 1000 bytes/ });
  assert.equal(await readTextFile(join(folder, 'none'), 1), undefined);
});

test('a file that gives more than its size says is refused at the bound', async () => {
  // The kernel says that it has 0 bytes, as a file has that another program is just writing.
  await assert.rejects(readTextFile('/proc/self/status', 100), {
    code: 'file-invalid',
    message: /status has more than 100 bytes, and this task reads at most 100/,
  });
});
