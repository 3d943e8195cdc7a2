import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { silentLogger } from '@nodetask/shared';
import { recoverConfigFolder } from './config-folder.ts';
import { makeTempHome } from './testing/temp-home.ts';

test('the start of the agent completes what a crash interrupted, and says so', async (t) => {
  const home = await makeTempHome(t);
  const temporary = `.nodetask-${crypto.randomUUID()}.tmp`;
  const sha256 = createHash('sha256').update('new').digest('hex');
  await writeFile(join(home.config, 'app.toml'), 'old');
  await writeFile(join(home.config, temporary), 'new');
  await writeFile(
    join(home.config, '.nodetask-transaction.json'),
    JSON.stringify({ version: 1, files: [{ name: 'app.toml', temporary, sha256 }] }),
  );
  const lines: string[] = [];
  await recoverConfigFolder(home, { ...silentLogger, warn: (message) => lines.push(message) });
  assert.equal(await readFile(join(home.config, 'app.toml'), 'utf8'), 'new');
  assert.deepEqual(await readdir(home.config), ['app.toml']);
  assert.deepEqual(lines, ['completed an interrupted change of config files']);
  await rm(home.config, { recursive: true });
  await recoverConfigFolder(home, silentLogger);
  await rm(home.root, { recursive: true });
  await assert.rejects(recoverConfigFolder(home, silentLogger), { code: 'file-missing' });
});
