// A lock between processes out of plain files. The holder's identity is in the file, so the lock of a dead process is taken over.
import { randomUUID } from 'node:crypto';
import { link, readFile, rm, unlink, writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { errorCode, isAlive, ownIdentity, parseIdentity } from '../process/process-identity.ts';
import type { ProcessIdentity } from '../process/process-identity.ts';

export interface FileLockOptions {
  /** The longest wait for another holder. */
  readonly timeoutMs: number;
  readonly pollMs?: number;
  /** Called once for each holder that this caller has to wait for. */
  readonly onWait?: (holder: ProcessIdentity) => void;
}

export interface FileLock extends AsyncDisposable {
  release(): Promise<void>;
}

/** Thrown when the lock's holder lives and did not release it in time. */
export class LockTimeoutError extends Error {
  override readonly name = 'LockTimeoutError';
}

interface Holder {
  readonly token: string;
  readonly identity: ProcessIdentity;
}

/** Takes the lock at `path` (its folder must exist), waiting for a living holder and taking over from a dead one. */
export async function acquireFileLock(path: string, options: FileLockOptions): Promise<FileLock> {
  const token = randomUUID();
  const deadline = performance.now() + options.timeoutMs;
  let waitsFor: string | undefined;
  for (;;) {
    if (await tryTake(path, token)) return lockOf(path);
    const holder = await readHolder(path);
    if (holder === undefined) continue;
    if (!isAlive(holder.identity)) {
      await removeStale(path, holder, Math.max(0, deadline - performance.now()));
      continue;
    }
    if (waitsFor !== holder.token) options.onWait?.(holder.identity);
    waitsFor = holder.token;
    if (performance.now() >= deadline) {
      throw new LockTimeoutError(
        `lock ${path}: process ${holder.identity.pid} has held it for more than ${options.timeoutMs} ms; end that process or wait`,
      );
    }
    await sleep(options.pollMs ?? 100);
  }
}

/** Creates the lock with its whole content in one step: a reader never sees half of it. */
async function tryTake(path: string, token: string): Promise<boolean> {
  const draft = `${path}.${token}`;
  await writeFile(draft, JSON.stringify({ token, ...ownIdentity() }), { flag: 'wx' });
  try {
    await link(draft, path);
    return true;
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return false;
    throw error;
  } finally {
    await unlink(draft);
  }
}

/**
 * Removes the lock of a dead holder. Two waiters may see the same dead holder, and the slower must not remove the lock that the quicker has
 * taken meanwhile: so only who holds a second lock, named after the dead holder's token, may remove it, after looking once more.
 */
async function removeStale(path: string, holder: Holder, timeoutMs: number): Promise<void> {
  const takeover = await acquireFileLock(`${path}.takeover-${holder.token}`, { timeoutMs, pollMs: 10 });
  try {
    const now = await readHolder(path);
    if (now?.token === holder.token) await unlink(path);
  } finally {
    await takeover.release();
  }
}

async function readHolder(path: string): Promise<Holder | undefined> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
  const identity = parseIdentity(text);
  const value: unknown = identity === undefined ? undefined : JSON.parse(text);
  if (typeof value === 'object' && value !== null && 'token' in value && typeof value.token === 'string' && identity) {
    return { token: value.token, identity };
  }
  throw new Error(`lock ${path} holds no process identity but ${JSON.stringify(text.slice(0, 80))}: remove the file`);
}

function lockOf(path: string): FileLock {
  // `force`: somebody may have cleared the cache folder meanwhile.
  const release = async (): Promise<void> => rm(path, { force: true });
  return { release, [Symbol.asyncDispose]: release };
}
