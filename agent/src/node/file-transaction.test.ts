import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, chown, lstat, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { recoverFiles, replaceFiles } from './file-transaction.ts';
import { makeTempHome } from './testing/temp-home.ts';

const old = { 'app.toml': 'old app', 'config.toml': 'old config' };
const fresh = { 'app.toml': 'new app', 'config.toml': 'new config' };

const contents = async (folder: string): Promise<Record<string, string>> => {
  const names = (await readdir(folder)).sort();
  return Object.fromEntries(
    await Promise.all(names.map(async (name) => [name, await readFile(join(folder, name), 'utf8')] as const)),
  );
};

const writeOld = (folder: string): Promise<unknown> =>
  Promise.all(Object.entries(old).map(([name, text]) => writeFile(join(folder, name), text)));

const changes = Object.entries(fresh).map(([name, content]) => ({ name, content }));

describe('replaceFiles', () => {
  test('replaces all files and leaves nothing else behind', async (t) => {
    const { config } = await makeTempHome(t);
    await writeOld(config);
    await replaceFiles(config, changes);
    assert.deepEqual(await contents(config), fresh);
  });

  test('keeps mode and owner of a file that it replaces', async (t) => {
    const { config } = await makeTempHome(t);
    await writeOld(config);
    await chmod(join(config, 'app.toml'), 0o640);
    const owner = process.geteuid?.() === 0 ? 12345 : (process.geteuid?.() ?? 0);
    await chown(join(config, 'app.toml'), owner, owner);
    await replaceFiles(config, changes);
    const stat = await lstat(join(config, 'app.toml'));
    assert.deepEqual([stat.mode & 0o7777, stat.uid, stat.gid], [0o640, owner, owner]);
  });

  test('refuses a link in the place of a target, and changes neither file', async (t) => {
    const { root, config } = await makeTempHome(t);
    await writeOld(config);
    await writeFile(join(root, 'victim'), 'precious');
    await symlink(join(root, 'victim'), join(config, 'z.toml'));
    await assert.rejects(replaceFiles(config, [...changes, { name: 'z.toml', content: 'x' }]), (error: Error) =>
      /z\.toml is a symbolic link/.test(error.message),
    );
    assert.equal(await readFile(join(root, 'victim'), 'utf8'), 'precious');
    const { 'z.toml': _, ...rest } = await contents(config);
    assert.deepEqual(rest, old);
  });

  for (const name of ['../escape', '/etc/passwd', '..', '.', '', 'a/b', 'a\0b', 'a\\b']) {
    test(`refuses the name ${JSON.stringify(name)}`, async (t) => {
      const { root, config } = await makeTempHome(t);
      await assert.rejects(replaceFiles(config, [{ name, content: 'x' }]), /not a bare file name/);
      assert.deepEqual(await readdir(config), []);
      assert.deepEqual((await readdir(root)).sort(), ['config', 'data']);
    });
  }
});

describe('after kill -9', () => {
  const program = fileURLToPath(new URL('testing/killed-transaction.ts', import.meta.url));

  /** Runs the transaction in a process that kills itself after step `steps`; resolves to the step it died after, or undefined. */
  const runKilled = async (folder: string, steps: number): Promise<string | undefined> => {
    const child = spawn(process.execPath, ['--conditions=nodetask-source', program, folder, String(steps)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
    const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
    if (signal === 'SIGKILL') return output.trim().split('\n').at(-1) ?? '';
    assert.equal(code, 0);
    return undefined;
  };

  test('every step leaves all of the old or all of the new contents', async (t) => {
    const died: string[] = [];
    for (let step = 1; step <= 12; step++) {
      const { config } = await makeTempHome(t);
      await writeOld(config);
      const last = await runKilled(config, step);
      if (last === undefined) {
        assert.deepEqual(await contents(config), fresh);
        break;
      }
      died.push(last);
      await recoverFiles(config);
      const committed = died.includes('committed');
      assert.deepEqual(await contents(config), committed ? fresh : old, `killed after "${last}"`);
      assert.deepEqual(await recoverFiles(config), { completed: [], discarded: [] });
    }
    assert.deepEqual(died, [
      'staged app.toml',
      'staged config.toml',
      'committed',
      'renamed app.toml',
      'renamed config.toml',
      'synced',
      'finished',
    ]);
  });
});

const journal = (files: unknown): string => JSON.stringify({ version: 1, files });

describe('recoverFiles', () => {
  const sha = 'a'.repeat(64);

  test('does nothing where the folder is missing', async (t) => {
    const { config } = await makeTempHome(t);
    assert.deepEqual(await recoverFiles(join(config, 'nothing')), { completed: [], discarded: [] });
  });

  test('touches no file of others', async (t) => {
    const { config } = await makeTempHome(t);
    await writeFile(join(config, '.nodetask-notes'), 'mine');
    await writeFile(join(config, '.tmp'), 'x');
    await recoverFiles(config);
    assert.deepEqual((await readdir(config)).sort(), ['.nodetask-notes', '.tmp']);
  });

  for (const [what, text] of [
    ['garbage', 'not json'],
    ['an escape', journal([{ name: '../x', temporary: `.nodetask-${crypto.randomUUID()}.tmp`, sha256: sha }])],
    ['a foreign temporary', journal([{ name: 'app.toml', temporary: '../../etc/passwd', sha256: sha }])],
    ['another version', JSON.stringify({ version: 2, files: [] })],
  ] as const) {
    test(`refuses a journal that is ${what}`, async (t) => {
      const { config } = await makeTempHome(t);
      await writeFile(join(config, '.nodetask-transaction.json'), text);
      await assert.rejects(recoverFiles(config), { code: 'file-invalid' });
    });
  }

  test('moves nothing where one part is lost, and says what to do', async (t) => {
    const { config } = await makeTempHome(t);
    await writeOld(config);
    const temporary = `.nodetask-${crypto.randomUUID()}.tmp`;
    await writeFile(join(config, temporary), 'new app');
    const { createHash } = await import('node:crypto');
    await writeFile(
      join(config, '.nodetask-transaction.json'),
      journal([
        { name: 'app.toml', temporary, sha256: createHash('sha256').update('new app').digest('hex') },
        { name: 'config.toml', temporary: `.nodetask-${crypto.randomUUID()}.tmp`, sha256: sha },
      ]),
    );
    await assert.rejects(recoverFiles(config), /config\.toml has neither .* then remove/);
    assert.equal(await readFile(join(config, 'app.toml'), 'utf8'), 'old app');
  });
});
