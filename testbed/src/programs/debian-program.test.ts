import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { mustRun } from '../process/run-command.ts';
import type { FindDebianProgramOptions } from './debian-program.ts';
import { findDebianProgram } from './debian-program.ts';

describe('program of a Debian package', { timeout: 30_000 }, () => {
  let folder = '';
  let downloads: string[] = [];

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'debian-program-'));
    downloads = [];
  });
  afterEach(async () => {
    await rm(folder, { recursive: true });
  });

  const options = (changes: FindDebianProgramOptions = {}): FindDebianProgramOptions => ({
    config: {
      programFolders: [],
      cacheFolder: join(folder, 'cache'),
      envtestIndex: 'http://127.0.0.1:1/none.yaml',
      tempRoot: folder,
      keepFolders: false,
    },
    log: () => undefined,
    path: [],
    download: async (debianPackage, into) => {
      downloads.push(debianPackage);
      await makePackage(into, 'promtool');
    },
    ...changes,
  });

  /** A real .deb with one program. */
  const makePackage = async (into: string, program: string): Promise<void> => {
    const tree = await mkdtemp(join(folder, 'tree-'));
    await mkdir(join(tree, 'DEBIAN'));
    await mkdir(join(tree, 'usr', 'bin'), { recursive: true });
    const control = 'Package: prometheus\nVersion: 1\nArchitecture: all\nMaintainer: a test\nDescription: a test\n';
    await writeFile(join(tree, 'DEBIAN', 'control'), control);
    await writeFile(join(tree, 'usr', 'bin', program), '#!/bin/sh\necho ran\n', { mode: 0o755 });
    await mustRun('dpkg-deb', ['--build', '--root-owner-group', tree, join(into, 'prometheus_1_all.deb')]);
  };

  test('is unpacked once, and runs', async () => {
    const [first, second] = await Promise.all([
      findDebianProgram('promtool', options()),
      findDebianProgram('promtool', options()),
    ]);
    assert.equal(first, second);
    assert.deepEqual(downloads, ['prometheus']);
    assert.equal((await mustRun(first, [])).stdout, 'ran\n');
    assert.deepEqual(await readdir(join(folder, 'cache')), ['debian-prometheus']);
  });

  test('on the PATH needs no package', async () => {
    const path = join(folder, 'promtool');
    await writeFile(path, '#!/bin/sh\n', { mode: 0o755 });
    assert.equal(await findDebianProgram('promtool', options({ path: [join(folder, 'none'), folder] })), path);
    assert.deepEqual(downloads, []);
  });

  test('that the package does not hold, or that cannot be fetched, is an error that says what to do', async () => {
    const wrong = options({ download: async (_, into) => makePackage(into, 'other') });
    await assert.rejects(findDebianProgram('promtool', wrong), {
      name: 'ProgramNotFoundError',
      message: /holds no \/usr\/bin\/promtool\. Put promtool on the PATH, or into a folder that NODETASK_TESTBED_BIN/,
    });
  });
});
