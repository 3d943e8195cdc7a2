import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { mustRun, runCommand } from '../process/run-command.ts';
import type { FindDebianProgramOptions } from './find-debian-program.ts';
import { findInPackage } from './find-debian-program.ts';

const withoutApt =
  (await runCommand('apt-get', ['--version'])).code === 0 ? false : 'there is no apt-get on this machine';
const PROGRAM = { name: 'nodetask-hello', package: 'nodetask-hello', path: 'usr/bin/nodetask-hello' };
/** Prints where it would look for libraries, and its arguments. */
const SCRIPT = '#!/bin/sh\necho "$LD_LIBRARY_PATH $*"\n';

describe('find program of a Debian package', { timeout: 60_000 }, () => {
  let folder = '';
  let log: string[] = [];

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'find-debian-program-'));
    log = [];
  });
  afterEach(async () => {
    await rm(folder, { recursive: true });
  });

  function options(changes: FindDebianProgramOptions = {}): FindDebianProgramOptions {
    return {
      config: {
        programFolders: [join(folder, 'bin')],
        systemFolders: [join(folder, 'sbin')],
        cacheFolder: join(folder, 'cache'),
        envtestIndex: 'http://127.0.0.1:1/none.yaml',
        tempRoot: folder,
        keepFolders: false,
      },
      log: (line) => log.push(line),
      // Of the machine's own sources and lists nothing is used; what is installed counts.
      aptOptions: [
        '-o',
        `Dir::Etc::sourcelist=${join(folder, 'sources.list')}`,
        '-o',
        'Dir::Etc::sourceparts=-',
        '-o',
        `Dir::State::lists=${join(folder, 'lists')}`,
      ],
      ...changes,
    };
  }

  /** A package without a maintainer's script; answers its stanza of the index. */
  async function makePackage(name: string, depends: string, files: Readonly<Record<string, string>>): Promise<string> {
    const content = join(folder, 'content', name);
    for (const [path, text] of Object.entries(files)) {
      await mkdir(join(content, path, '..'), { recursive: true });
      await writeFile(join(content, path), text, { mode: 0o755 });
    }
    const control = `Package: ${name}\nVersion: 1:1.0\nArchitecture: all\nMaintainer: none <none@example.org>\n${depends}Description: for a test\n`;
    await mkdir(join(content, 'DEBIAN'));
    await writeFile(join(content, 'DEBIAN', 'control'), control);
    const archive = join(folder, 'repository', `${name}.deb`);
    await mustRun('dpkg-deb', ['--build', '--root-owner-group', content, archive]);
    const bytes = await readFile(archive);
    const hash = createHash('sha256').update(bytes).digest('hex');
    return `${control}Filename: ./${name}.deb\nSize: ${String(bytes.length)}\nSHA256: ${hash}\n`;
  }

  /** A repository with the program and its library, of which this machine has no lists yet. */
  async function makeRepository(
    files: Readonly<Record<string, string>> = { 'usr/bin/nodetask-hello': SCRIPT },
  ): Promise<void> {
    await mkdir(join(folder, 'repository'));
    await mkdir(join(folder, 'lists', 'partial'), { recursive: true });
    const stanzas = [
      await makePackage('nodetask-hello', 'Depends: nodetask-library, dpkg\n', files),
      await makePackage('nodetask-library', '', { 'usr/lib/some-triplet/libnodetask.so.1': 'a library' }),
    ];
    await writeFile(join(folder, 'repository', 'Packages'), stanzas.join('\n'));
    await writeFile(join(folder, 'sources.list'), `deb [trusted=yes] copy:${join(folder, 'repository')}/ ./\n`);
  }

  test('a folder of the user comes first, then the PATH', async () => {
    await mkdir(join(folder, 'sbin'));
    await writeFile(join(folder, 'sbin', PROGRAM.name), SCRIPT, { mode: 0o755 });
    assert.equal(await findInPackage(PROGRAM, options()), join(folder, 'sbin', PROGRAM.name));
    await mkdir(join(folder, 'bin'));
    await writeFile(join(folder, 'bin', PROGRAM.name), SCRIPT, { mode: 0o755 });
    assert.equal(await findInPackage(PROGRAM, options()), join(folder, 'bin', PROGRAM.name));
  });

  test(
    'else its package is fetched, with the missing libraries, and found the next time',
    { skip: withoutApt },
    async () => {
      await makeRepository();
      const path = await findInPackage(PROGRAM, options());
      const { stdout } = await mustRun(path, ['a b', 'c'], { env: {} });
      const [cached = ''] = await readdir(join(folder, 'cache'));
      assert.equal(stdout, `${join(folder, 'cache', cached, 'usr/lib/some-triplet')} a b c\n`);
      assert.match(cached, /^debian-.+-nodetask-hello-nodetask-hello$/);
      await rm(join(folder, 'repository'), { recursive: true });
      assert.equal(await findInPackage(PROGRAM, options()), path);
      assert.match(log.join('\n'), /^Debian's package nodetask-hello …\n.*: done in \d+ s$/);
      // Nothing else is left, and nothing of the machine was asked to change.
      assert.deepEqual((await readdir(join(folder, 'cache'))).length, 1);
      assert.equal((await runCommand('dpkg', ['--status', 'nodetask-library'])).code, 1);
    },
  );

  test('of two that start at once only one fetches', { skip: withoutApt }, async () => {
    await makeRepository();
    const [first, second] = await Promise.all([findInPackage(PROGRAM, options()), findInPackage(PROGRAM, options())]);
    assert.equal(first, second);
    assert.equal(log.filter((line) => line.includes('done in')).length, 1);
  });

  test('a package without the program is an error, and leaves nothing behind', { skip: withoutApt }, async () => {
    await makeRepository({ 'usr/bin/other': SCRIPT });
    await assert.rejects(
      findInPackage(PROGRAM, options()),
      /the package nodetask-hello holds no program usr\/bin\/nodetask-hello/,
    );
    assert.deepEqual(await readdir(join(folder, 'cache')), []);
  });

  test('a package that no source has is an error that says what to install', { skip: withoutApt }, async () => {
    await makeRepository();
    await assert.rejects(findInPackage({ ...PROGRAM, package: 'nodetask-none' }, options()), {
      name: 'ProgramNotFoundError',
      message:
        /Unable to locate package nodetask-none[^]*Install nodetask-hello \(Debian's package nodetask-none\), or put it into a folder/,
    });
    assert.deepEqual(await readdir(join(folder, 'cache')), []);
  });

  test('without apt-get the error says what to install', async () => {
    await assert.rejects(findInPackage(PROGRAM, options({ apt: 'no-such-apt' })), {
      name: 'ProgramNotFoundError',
      message: /there is no apt-get on the PATH to fetch it\. Install nodetask-hello/,
    });
  });
});
