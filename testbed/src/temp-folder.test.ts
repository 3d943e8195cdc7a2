import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { ownIdentity } from './process/process-identity.ts';
import { makeTempFolder, sweepTempFolders } from './temp-folder.ts';

describe('temp folder', () => {
  let root = '';
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'temp-folder-'));
  });
  afterEach(async () => {
    await rm(root, { recursive: true });
  });

  test('is private and removed with its content', async () => {
    const folder = await makeTempFolder(root, 'one');
    await writeFile(join(folder.path, 'file'), 'x');
    assert.equal((await stat(folder.path)).mode & 0o777, 0o700);
    await folder.remove();
    assert.deepEqual(await readdir(root), []);
  });

  test('one that is kept survives its owner', async () => {
    const folder = await makeTempFolder(root, 'one');
    await writeFile(join(folder.path, 'owner.json'), JSON.stringify({ ...ownIdentity(), startTime: '1' }));
    await folder.keep();
    assert.deepEqual(await sweepTempFolders(root), []);
  });

  test('the sweep takes folders of dead owners only', async () => {
    await using living = await makeTempFolder(root, 'living');
    const make = async (name: string, owner?: string): Promise<string> => {
      await mkdir(join(root, name));
      if (owner !== undefined) await writeFile(join(root, name, 'owner.json'), owner);
      return join(root, name);
    };
    const dead = await make('dead', JSON.stringify({ ...ownIdentity(), startTime: '1' }));
    const otherBoot = await make('other-boot', JSON.stringify({ ...ownIdentity(), bootId: 'another' }));
    const fresh = await make('fresh');
    const old = await make('old');
    const hoursAgo = new Date(Date.now() - 7_200_000);
    await utimes(old, hoursAgo, hoursAgo);
    await writeFile(join(root, 'file'), 'not a folder');
    assert.deepEqual((await sweepTempFolders(root)).toSorted(), [dead, old, otherBoot]);
    assert.deepEqual((await readdir(root)).toSorted(), [basename(fresh), basename(living.path), 'file'].toSorted());
  });
});
