import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { seiLocalStateSync } from './local-state-sync.ts';

const snapshot = (height: number, chunks = 2, format = 1) => ({ height, format, chunks });

const folderWith = async (...heights: readonly number[]): Promise<string> => {
  const folder = await mkdtemp(join(tmpdir(), 'nodetask-sei-'));
  for (const height of heights) {
    await mkdir(join(folder, String(height), '1'), { recursive: true });
    for (const chunk of ['0', '1']) await writeFile(join(folder, String(height), '1', chunk), 'x');
  }
  return folder;
};

test('a Sei node syncs from the highest snapshot that is listed', async (t) => {
  const folder = await folderWith(100, 200);
  t.after(() => rm(folder, { recursive: true }));
  assert.equal(await seiLocalStateSync(folder, [snapshot(100), snapshot(200)]), 'syncs at height 200');
  assert.equal(await seiLocalStateSync(folder, [snapshot(200), snapshot(300, 0)]), 'syncs at height 200');
});

test('a Sei node shuts down if chunks of the highest one are missing, and waits for ever if there is no other', async (t) => {
  const folder = await folderWith(200);
  t.after(() => rm(folder, { recursive: true }));
  assert.match(
    await seiLocalStateSync(folder, [snapshot(100), snapshot(200), snapshot(300)]),
    /^shuts down because chunk 0 of snapshot 300 is missing, .* when 200 is offered$/,
  );
  assert.match(await seiLocalStateSync(folder, [snapshot(200, 3)]), /^waits for ever: chunk 2 of snapshot 200/);
  assert.equal(await seiLocalStateSync(folder, []), 'waits for ever: no snapshot is listed');
});
