import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { type NodeHome, nodeHome } from '../node-home.ts';

/** A node home with empty config/ and data/, removed when the test ends. */
export const makeTempHome = async (test: TestContext): Promise<NodeHome> => {
  const root = await mkdtemp(join(tmpdir(), 'nodetask-home-'));
  test.after(() => rm(root, { recursive: true, force: true }));
  const home = nodeHome(root);
  await mkdir(home.config);
  await mkdir(home.data);
  return home;
};
