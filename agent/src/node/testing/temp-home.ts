import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type NodeHome, nodeHome } from '../node-home.ts';

/** A test, or whatever else says when a home is not needed any more. */
export interface HomeOwner {
  after(remove: () => Promise<void>): void;
}

/** A node home with empty config/ and data/, removed when the test ends. */
export const makeTempHome = async (test: HomeOwner): Promise<NodeHome> => {
  const root = await mkdtemp(join(tmpdir(), 'nodetask-home-'));
  test.after(() => rm(root, { recursive: true, force: true }));
  const home = nodeHome(root);
  await mkdir(home.config);
  await mkdir(home.data);
  return home;
};
