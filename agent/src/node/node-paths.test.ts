import assert from 'node:assert/strict';
import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test, type TestContext } from 'node:test';
import { type NodeHome, nodeHome } from './node-home.ts';
import { findDatabaseFolders, findGenesisFile, findNodeKeyFile, findSnapshotsFolder } from './node-paths.ts';
import { makeTempHome } from './testing/temp-home.ts';

const write = (home: NodeHome, name: string, text: string): Promise<void> => writeFile(join(home.config, name), text);

const snapshotsAt = (home: NodeHome, path: string): Promise<void> =>
  write(home, 'app.toml', `[state-sync]\nsnapshot-directory = ${JSON.stringify(path)}\n`);

/** A folder beside the home, as another volume is. */
const makeVolume = async (t: TestContext): Promise<string> => {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'nodetask-volume-')));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
};

const allowing = (home: NodeHome, ...allowPaths: readonly string[]): NodeHome => nodeHome(home.root, { allowPaths });

describe('paths that the configuration does not set', () => {
  test('are the usual ones, whether the files and folders are there or not', async (t) => {
    const home = await makeTempHome(t);
    for (const prepare of [
      () => Promise.resolve(),
      () => write(home, 'app.toml', '[state-sync]\nsnapshot-interval = 100\nsnapshot-directory = ""\n'),
      () => write(home, 'config.toml', 'genesis_file = "config/genesis.json"\ndb-dir = "data"\n'),
      () => rm(home.data, { recursive: true }),
    ]) {
      await prepare();
      const usual = { parent: home.data, name: 'snapshots', path: join(home.data, 'snapshots') };
      assert.deepEqual(await findSnapshotsFolder(home), usual);
      const genesis = { folder: home.config, name: 'genesis.json', path: join(home.config, 'genesis.json') };
      assert.deepEqual(await findGenesisFile(home), genesis);
      assert.equal((await findNodeKeyFile(home)).path, join(home.config, 'node_key.json'));
      assert.deepEqual(await findDatabaseFolders(home), [home.data]);
    }
  });
});

describe('paths of config.toml', () => {
  for (const [dialect, key] of [
    ['CometBFT', (name: string) => name],
    ['Sei', (name: string) => name.replaceAll('_', '-')],
    ['viper, which ignores case,', (name: string) => name.toUpperCase()],
  ] as const) {
    test(`are relative to the home as ${dialect} spells them`, async (t) => {
      const home = await makeTempHome(t);
      await mkdir(join(home.root, 'fast'));
      const settings = { genesis_file: 'chain/g.json', node_key_file: 'fast/key.json', db_dir: 'fast/db' };
      const lines = Object.entries(settings).map(([name, value]) => `${key(name)} = "${value}"\n`);
      await write(home, 'config.toml', lines.join(''));
      const genesis = await findGenesisFile(home);
      assert.equal(genesis.path, join(home.root, 'chain/g.json'));
      assert.match(genesis.movedBy ?? '', /^genesis.file in \S+\/config\/config\.toml$/i);
      assert.equal((await findNodeKeyFile(home)).path, join(home.root, 'fast/key.json'));
      assert.deepEqual(await findDatabaseFolders(home), [join(home.root, 'fast/db'), home.data]);
    });
  }

  test('are not guessed if the file cannot be parsed', async (t) => {
    const home = await makeTempHome(t);
    await write(home, 'config.toml', 'genesis_file\n');
    for (const find of [findGenesisFile, findNodeKeyFile, findDatabaseFolders]) {
      await assert.rejects(find(home), { code: 'file-invalid', message: /config\.toml:1:\d+: / });
    }
  });

  test('that name two places by the two spellings are refused, unless both are the same', async (t) => {
    const home = await makeTempHome(t);
    await write(home, 'config.toml', 'genesis_file = "a.json"\ngenesis-file = "b.json"\n');
    await assert.rejects(findGenesisFile(home), {
      code: 'file-invalid',
      message: /genesis_file in .*config\.toml and genesis-file differ, .*: remove the other/,
    });
    await write(home, 'config.toml', 'genesis_file = "a.json"\ngenesis-file = "a.json"\n');
    assert.equal((await findGenesisFile(home)).path, join(home.root, 'a.json'));
  });

  for (const [what, value, message] of [
    ['a number', '5', /is no text: put it in quotes/],
    ['an empty text', '""', /is "", which is no file/],
    ['a folder', '"config/"', /is "config\/", which is no file/],
    ['a NUL', '"a\\u0000b"', /is no path: "a\\u0000b"/],
    ['an endless path', JSON.stringify('x/'.repeat(3000)), /is no path: "(?:x\/){150}…"; correct it there/],
    ['a path in a file', '"config/config.toml/g.json"', /that is a file: give the path of a folder/],
    ['a path through a file', '"config/config.toml/x/g.json"', /leads through a file/],
    ['a path out of the home', '"../g.json"', /outside of the node's home .* --allow-path \(NODETASK_ALLOW_PATH\)/],
    ['a path into the state of the agent', '".nodetask/g.json"', /is in the agent's own state folder/],
  ] as const) {
    test(`that are ${what} are refused`, async (t) => {
      const home = await makeTempHome(t);
      await write(home, 'config.toml', `genesis_file = ${value}\n`);
      await assert.rejects(findGenesisFile(home), (error: Error & { code?: string }) => {
        assert.equal(error.code, 'file-invalid');
        assert.match(error.message, /genesis_file in \S+\/config\/config\.toml/);
        assert.match(error.message, message);
        assert.ok(error.message.length < 1_000);
        return true;
      });
    });
  }
});

describe('the snapshots', () => {
  test('are where snapshot-directory says, below the home', async (t) => {
    const home = await makeTempHome(t);
    await snapshotsAt(home, join(home.root, 'fast', 'snapshots'));
    const { parent, name, path, movedBy } = await findSnapshotsFolder(home);
    assert.deepEqual([parent, name, path], [join(home.root, 'fast'), 'snapshots', join(home.root, 'fast/snapshots')]);
    assert.equal(movedBy, `state-sync.snapshot-directory in ${join(home.config, 'app.toml')}`);
  });

  test('are where Sei looks: another spelling of the key means nothing to it', async (t) => {
    const home = await makeTempHome(t);
    await write(home, 'app.toml', '[state_sync]\nsnapshot_directory = "/elsewhere"\n');
    assert.equal((await findSnapshotsFolder(home)).path, join(home.data, 'snapshots'));
  });

  test('outside of the home are found below a folder of --allow-path, and nowhere else', async (t) => {
    const home = await makeTempHome(t);
    const volume = await makeVolume(t);
    await snapshotsAt(home, join(volume, 'sei', 'snapshots'));
    await assert.rejects(findSnapshotsFolder(home), {
      code: 'file-invalid',
      message: new RegExp(
        `snapshot-directory in .*/app\\.toml is "${volume}/sei/snapshots": that is outside of the node's home .*--allow-path \\(NODETASK_ALLOW_PATH\\); nothing was changed$`,
      ),
    });
    for (const allowed of [volume, join(volume, 'sei', 'snapshots')]) {
      await mkdir(join(volume, 'sei', 'snapshots'), { recursive: true });
      assert.equal((await findSnapshotsFolder(allowing(home, allowed))).path, join(volume, 'sei', 'snapshots'));
    }
    // A folder of a similar name is another folder.
    await assert.rejects(findSnapshotsFolder(allowing(home, `${volume}/se`)), { code: 'file-invalid' });
    await assert.rejects(findSnapshotsFolder(allowing(home, join(volume, 'other'))), { code: 'file-invalid' });
    await snapshotsAt(home, join(volume, 'gone', 'snapshots'));
    await assert.rejects(findSnapshotsFolder(allowing(home, join(volume, 'gone'))), {
      message: /\/gone, which --allow-path names, does not exist: mount the node's volume there/,
    });
  });

  test('behind a link are judged by where the link leads', async (t) => {
    const home = await makeTempHome(t);
    const volume = await makeVolume(t);
    for (const path of [join(home.data, 'snapshots'), join(home.root, 'fast')]) {
      await symlink(volume, path);
      if (path.endsWith('fast')) await snapshotsAt(home, join(path, 'snapshots'));
      await assert.rejects(findSnapshotsFolder(home), {
        code: 'file-invalid',
        message: new RegExp(`which leads to "${volume}.*outside of the node's home`),
      });
      assert.ok((await findSnapshotsFolder(allowing(home, volume))).path.startsWith(volume));
    }
    await rm(volume, { recursive: true });
    await assert.rejects(findSnapshotsFolder(home), { code: 'file-invalid', message: /a link that leads nowhere/ });
  });

  test('behind a link of --allow-path to a folder of the system are refused', async (t) => {
    const home = await makeTempHome(t);
    const volume = await makeVolume(t);
    for (const [target, path] of [
      ['/', join(volume, 'link', 'srv', 'snapshots')],
      ['/proc/self', join(volume, 'link', 'task', 'snapshots')],
    ] as const) {
      await symlink(target, join(volume, 'link'));
      await snapshotsAt(home, path);
      await assert.rejects(findSnapshotsFolder(allowing(home, join(volume, 'link'))), { code: 'file-invalid' });
      await rm(join(volume, 'link'));
    }
  });

  for (const [what, path, message] of [
    ['the home', (home: NodeHome) => home.root, /holds more than snapshots/],
    ['data/', (home: NodeHome) => `${home.data}/`, /holds more than snapshots/],
    ['config/', (home: NodeHome) => `${home.data}/../config`, /holds more than snapshots/],
    ['in the state of the agent', (home: NodeHome) => join(home.stateFolder, 'x'), /the agent's own state folder/],
    ['a file', (home: NodeHome) => join(home.config, 'app.toml'), /that is a file: give the path of a folder/],
    ['below a file', (home: NodeHome) => join(home.config, 'app.toml', 'x'), /leads through a file/],
    ['the root', () => '/', /a folder of the system/],
    ['in /proc', () => '/proc/self/cwd', /outside of the node's home|a folder of the system/],
    ['relative to where the node was started', () => 'fast/snapshots', /give an absolute path/],
  ] as const) {
    test(`are refused if the configuration says that they are ${what}`, async (t) => {
      const home = await makeTempHome(t);
      await snapshotsAt(home, path(home));
      await assert.rejects(findSnapshotsFolder(home), { code: 'file-invalid', message });
    });
  }

  test('are not guessed if app.toml cannot be parsed', async (t) => {
    const home = await makeTempHome(t);
    await write(home, 'app.toml', '[state-sync\n');
    await assert.rejects(findSnapshotsFolder(home), { code: 'file-invalid', message: /app\.toml:1:/ });
  });
});
