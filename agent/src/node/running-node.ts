/**
 * Tells if the node of a home runs. A task that exchanges files under it asks first: a node that holds them open goes on with the old ones,
 * or finds half of each.
 */
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { rpcUrl, TaskError } from '@nodetask/shared';
import { isMissing } from './file-errors.ts';
import { describeURL } from './http/http-get.ts';
import type { NodeHome } from './node-home.ts';
import { findDatabaseFolders, findSnapshotsFolder } from './node-paths.ts';
import type { RpcClient } from './rpc-client.ts';

export interface RunningNodeOptions {
  readonly home: NodeHome;
  /** Base URL of the node's own RPC. */
  readonly nodeRPC: string;
  readonly rpc: RpcClient;
  /** The folder in which the kernel lists processes; default `/proc`. */
  readonly proc?: string;
}

const statusTimeoutMs = 5_000;
/** Open files that are looked at; a pod has far fewer. */
const maxOpenFiles = 100_000;

/** How it shows that the node runs, as a clause for a message; undefined if nothing shows it. */
export const signOfRunningNode = async (
  options: RunningNodeOptions,
  signal: AbortSignal,
): Promise<string | undefined> => (await signOfRPC(options, signal)) ?? (await signOfProcess(options, signal));

const signOfRPC = async ({ rpc, nodeRPC }: RunningNodeOptions, signal: AbortSignal): Promise<string | undefined> => {
  const where = describeURL(new URL(rpcUrl(nodeRPC)));
  try {
    await rpc.call(nodeRPC, 'status', {}, { signal, timeoutMs: statusTimeoutMs });
    return `its RPC ${where} answers`;
  } catch (error) {
    if (signal.aborted || !(error instanceof TaskError) || error.code === 'egress-refused') throw error;
    return isNobodyThere(error) ? undefined : `something listens at its RPC ${where}`;
  }
};

/** A connection that was refused, or had nowhere to go. A node that accepts and does not answer is there. */
const isNobodyThere = (error: TaskError): boolean => {
  for (let cause: unknown = error; cause instanceof Error; cause = cause.cause) {
    const code = 'code' in cause ? String(cause.code) : '';
    if (['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH'].includes(code)) return true;
  }
  return false;
};

/**
 * A process that has a database of the node open. Only processes of the agent's own pid namespace are seen: those of the pod if it sets
 * shareProcessNamespace.
 */
const signOfProcess = async (
  { home, proc = '/proc' }: RunningNodeOptions,
  signal: AbortSignal,
): Promise<string | undefined> => {
  const locks = await lockFiles(home);
  if (locks.size === 0) return undefined;
  let left = maxOpenFiles;
  for (const pid of await names(proc)) {
    if (!/^[1-9]\d*$/.test(pid) || Number(pid) === process.pid) continue;
    for (const fd of await names(join(proc, pid, 'fd'))) {
      signal.throwIfAborted();
      left -= 1;
      if (left < 0) return undefined;
      const found = locks.get((await identity(join(proc, pid, 'fd', fd))) ?? '');
      if (found !== undefined) return `process ${pid} has ${found} open`;
    }
  }
  return undefined;
};

/**
 * The files that databases of the node keep open, by device and inode: paths differ between containers. LevelDB, PebbleDB and RocksDB have a
 * folder with a file LOCK, bolt has one file. The snapshots have a database too, metadata.db.
 */
const lockFiles = async (home: NodeHome): Promise<ReadonlyMap<string, string>> => {
  const locks = new Map<string, string>();
  const { path: snapshots } = await findSnapshotsFolder(home);
  for (const folder of [...(await findDatabaseFolders(home)), snapshots]) {
    for (const name of await names(folder)) {
      if (!name.endsWith('.db')) continue;
      for (const path of [join(folder, name, 'LOCK'), join(folder, name)]) {
        const id = await identity(path);
        if (id !== undefined) locks.set(id, path);
      }
    }
  }
  return locks;
};

const identity = async (path: string): Promise<string | undefined> => {
  try {
    const found = await stat(path);
    return found.isFile() ? `${String(found.dev)}:${String(found.ino)}` : undefined;
  } catch {
    // It is gone, or belongs to a process that the agent may not look into.
    return undefined;
  }
};

const names = async (folder: string): Promise<readonly string[]> => {
  try {
    return await readdir(folder);
  } catch (error) {
    if (isMissing(error) || isForbidden(error)) return [];
    throw error;
  }
};

const isForbidden = (error: unknown): boolean =>
  error instanceof Error &&
  'code' in error &&
  ['EACCES', 'EPERM', 'ESRCH', 'ENOTDIR', 'EINVAL'].includes(String(error.code));
