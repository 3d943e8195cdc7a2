// A program whose home is a small volume of its own: a tmpfs in a mount namespace, in a user namespace; no right of root is needed, and it goes with the
// program.
import { spawnSync } from 'node:child_process';
import { statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ProcessCommand } from './managed-process.ts';

const namespace = ['--mount', '--map-root-user', 'sh', '-c'] as const;
const mount = 'mount -t tmpfs -o size="$1" nodetask-test "$2"';

/** Why no volume can be mounted here; undefined where one can. */
export function whyNoVolume(): string | undefined {
  const args = [...namespace, mount, 'sh', '1m', tmpdir()];
  const { status, stderr, error } = spawnSync('unshare', args, { encoding: 'utf8', timeout: 30_000 });
  return status === 0 ? undefined : (error?.message ?? stderr.trim());
}

/** The command of the same program, with a volume of that size at the folder. */
export function onVolume(
  { program, args }: Pick<ProcessCommand, 'program' | 'args'>,
  folder: string,
  sizeMiB: number,
): Pick<ProcessCommand, 'program' | 'args'> {
  const script = `${mount} && shift 2 && exec "$@"`;
  return { program: 'unshare', args: [...namespace, script, 'sh', `${sizeMiB}m`, folder, program, ...args] };
}

/** Fills the volume at a folder of a process, to the last block. */
export function fillVolume(pid: number, folder: string): void {
  const seen = join('/proc', String(pid), 'root', folder);
  const { bavail, bsize } = statfsSync(seen);
  writeFileSync(join(seen, 'filler'), Buffer.alloc(bavail * bsize, 1));
}
