import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { TaskType } from '@nodetask/shared';

/** When the volume is full: from the start, but for so many bytes, or from the first progress of a stage on. */
export type Fill = { readonly bytesLeft: number } | { readonly atStage: string };

export interface FullVolumeTask {
  readonly type: TaskType;
  readonly params: object;
  /** Each fill gets a `prefix` of its own: this and its number. */
  readonly prefixes?: string;
  /** The home to begin with; each fill gets a copy on the volume. */
  readonly template: string;
  readonly nodeRPC: string;
  readonly fills: readonly Fill[];
  readonly isMounted: boolean;
}

/** A file or folder by its path in the home: mode and content. */
export type Tree = Readonly<Record<string, string>>;

export interface FullVolumeRun {
  readonly fill: Fill;
  /** The task got to where the volume was filled. */
  readonly isFull: boolean;
  readonly outcome?: string;
  readonly error?: { readonly code: string; readonly message: string };
  readonly before: Tree;
  readonly after: Tree;
  /** Outcome of the same task once there was space again. */
  readonly again: string;
  readonly afterAgain: Tree;
}

const program = fileURLToPath(new URL('full-volume-task.ts', import.meta.url));

/** A tmpfs in a mount namespace of its own, in a user namespace of its own: no right of root is needed, and it goes with its process. */
const namespace = ['--mount', '--map-root-user'] as const;
const mount = 'mount -t tmpfs -o size="$1" nodetask-test "$2" && shift 2 && exec "$@"';

/** Why no volume can be mounted here; undefined where one can. */
export const whyNoMount = (): string | undefined => {
  const args = [...namespace, 'sh', '-c', mount, 'sh', '1m', tmpdir(), 'true'];
  const { status, stderr, error } = spawnSync('unshare', args, { encoding: 'utf8', timeout: 30_000 });
  return status === 0 ? undefined : (error?.message ?? stderr.trim());
};

/** Runs the task for each of its fills in a process on a volume of this size. */
export const runOnFullVolume = async (
  t: TestContext,
  task: FullVolumeTask,
  sizeMiB: number,
): Promise<readonly FullVolumeRun[]> => {
  const folder = await mkdtemp(join(tmpdir(), 'nodetask-volume-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const command = [process.execPath, '--conditions=nodetask-source', program, folder, JSON.stringify(task)] as const;
  const [file, ...args] = task.isMounted
    ? (['unshare', ...namespace, 'sh', '-c', mount, 'sh', `${sizeMiB}m`, folder, ...command] as const)
    : command;
  const child = spawn(file, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
  const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
  if (code !== 0)
    throw new Error(`the process on the volume ended with ${String(code ?? signal)}; see its error above`);
  return output
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as FullVolumeRun);
};
