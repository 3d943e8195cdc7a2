import { randomBytes } from 'node:crypto';
import { chmod, lstat, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { TestContext } from 'node:test';
import { systemClock } from '@nodetask/runtime';
import { createEgress } from '../../src/node/testing/loopback-egress.ts';
import { type NodeHome, nodeHome } from '../../src/node/node-home.ts';
import { createRpcClient } from '../../src/node/rpc-client.ts';
import { makeTempHome } from '../../src/node/testing/temp-home.ts';
import type { SnapshotOptions } from '../../src/tasks/snapshot/snapshot-handler.ts';
import { type SnapshotRestoreOptions, snapshotRestore } from '../../src/tasks/snapshot-restore/snapshot-restore.ts';
import { snapshotUpload } from '../../src/tasks/snapshot-upload/snapshot-upload.ts';
import { type RunOptions, runTask } from '../../src/tasks/testing/run-task.ts';

export const chainId = 'test-chain-1';

/** A node's home that belongs to a chain. */
export const makeChainHome = async (test: TestContext, chain = chainId): Promise<NodeHome> => {
  const home = await makeTempHome(test);
  await writeFile(join(home.config, 'genesis.json'), JSON.stringify({ chain_id: chain, app_state: {} }));
  return home;
};

/** Has the node keep its snapshots in another folder. If that is named `snapshots`, tests write them by the home that is answered. */
export const moveSnapshots = async (home: NodeHome, folder: string): Promise<NodeHome> => {
  const settings = `[state-sync]\nsnapshot-interval = 100\nsnapshot-keep-recent = 3\nsnapshot-directory = "${folder}"\n`;
  await writeFile(join(home.config, 'app.toml'), settings);
  return { ...home, data: dirname(folder) };
};

/** A folder outside of every home, as another volume is. */
export const makeVolume = async (test: TestContext): Promise<string> => {
  const folder = await mkdtemp(join(tmpdir(), 'nodetask-volume-'));
  test.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
};

/** The home as an agent with --allow-path sees it. */
export const allowing = ({ root }: NodeHome, ...allowPaths: readonly string[]): NodeHome =>
  nodeHome(root, { allowPaths });

/** A snapshot with everything that a file system may hold of what is packed. */
export const writeSnapshot = async (home: NodeHome, height: number, largeBytes = 2_500_000): Promise<void> => {
  const folder = join(home.data, 'snapshots', String(height));
  await mkdir(join(folder, '1', 'deep', 'er'), { recursive: true });
  await mkdir(join(folder, 'empty folder'));
  const long = 'n'.repeat(180);
  const files: Record<string, Buffer> = {
    '1/0': randomBytes(largeBytes),
    '1/1': Buffer.alloc(1_048_576, `chunk of ${height} `),
    '1/deep/er/.dotfile': Buffer.from('hidden'),
    '.top-dotfile': Buffer.from(`top ${height}`),
    '1/empty': Buffer.alloc(0),
    '1/grüße 漢字 😀.bin': randomBytes(513),
    [`1/${long}`]: randomBytes(512),
    'metadata with spaces': Buffer.from('x'),
  };
  for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), content);
  await chmod(join(folder, '1/0'), 0o640);
  await chmod(join(folder, '1/1'), 0o755);
  await chmod(join(folder, '1/empty'), 0o600);
  await chmod(join(folder, '1/deep'), 0o750);
  await chmod(join(folder, '1/deep/er/.dotfile'), 0o400);
};

/** Every file and folder below one, with modes and contents: equal trees have equal descriptions. */
export const describeTree = async (root: string): Promise<Readonly<Record<string, string>>> => {
  const found: Record<string, string> = {};
  const names = await readdir(root, { recursive: true });
  for (const name of names.toSorted()) {
    const path = join(root, name);
    const stat = await lstat(path);
    const mode = (stat.mode & 0o7777).toString(8);
    found[name] = stat.isDirectory() ? `folder ${mode}` : `${mode} ${(await readFile(path)).toString('base64')}`;
  }
  return found;
};

/** Nobody listens there. */
const silentRPC = 'http://127.0.0.1:1';

const parts = (home: NodeHome, nodeRPC = silentRPC) => {
  const egress = createEgress({ nodeRPC, allowHosts: ['127.0.0.1'] });
  const clock = systemClock;
  return { home, egress, clock, cpus: 2, nodeRPC, rpc: createRpcClient(egress, clock) };
};

export const runUpload = (home: NodeHome, params: object, options: RunOptions & Partial<SnapshotOptions> = {}) =>
  runTask('snapshot-upload', snapshotUpload({ ...parts(home), ...options }), params, options);

export const runRestore = (
  home: NodeHome,
  params: object,
  options: RunOptions & Partial<SnapshotRestoreOptions> = {},
) =>
  runTask(
    'snapshot-restore',
    snapshotRestore({ ...parts(home, options.nodeRPC), ...options }),
    // Most tests are about the archive; snapshot-target.test.ts is about what proves its chain.
    { chainId, allowUnverified: true, ...params },
    options,
  );
