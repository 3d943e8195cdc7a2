import { mkdirSync, readdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** What the injection gives the agent: `operator/src/injection/resources.ts`. */
export const injectedMemoryBytes = 512 * 1024 ** 2;

/** A memory cgroup for one process, as a container has it; undefined where this machine does not let one be made. */
export class MemoryLimit implements Disposable {
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  static make(bytes: number): MemoryLimit | undefined {
    const name = `nodetask-test-${process.pid}-${Date.now()}`;
    for (const [hierarchy, file] of [
      ['/sys/fs/cgroup/memory', 'memory.limit_in_bytes'],
      ['/sys/fs/cgroup', 'memory.max'],
    ] as const) {
      const folder = join(hierarchy, name);
      try {
        mkdirSync(folder);
      } catch {
        // No such hierarchy, or no right to make a group in it.
        continue;
      }
      try {
        // A folder that is no cgroup has no such file.
        if (readdirSync(folder).includes(file)) {
          writeFileSync(join(folder, file), String(bytes));
          return new MemoryLimit(folder);
        }
      } catch {
        // The group is not handed the controller, or may not be limited.
      }
      rmdirSync(folder);
    }
    return undefined;
  }

  /** The command that runs a program within the limit. */
  wrap(program: string, args: readonly string[]): readonly [string, readonly string[]] {
    const enter = `echo $$ > '${join(this.#folder, 'cgroup.procs')}' && exec "$@"`;
    return ['/bin/sh', ['-c', enter, 'sh', program, ...args]];
  }

  /** The process must have ended. */
  [Symbol.dispose](): void {
    rmdirSync(this.#folder);
  }
}
