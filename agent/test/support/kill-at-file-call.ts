import { writeSync } from 'node:fs';
import fs, { type FileHandle, open } from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';

type Call = (...args: unknown[]) => Promise<unknown>;

const changing = ['open', 'rename', 'unlink', 'rm', 'mkdir', 'writeFile', 'link', 'symlink'] as const;
const changingHandle = ['writeFile', 'write', 'writev', 'sync', 'datasync', 'chmod', 'chown', 'truncate'] as const;

/**
 * Ends this process by SIGKILL at a call that changes files: before it (`rename 1` = the first rename), or in the middle of a write
 * (`writeFile 1 half`). Each such call of node:fs/promises and its file handles is seen, whoever makes it, and printed before it is made:
 * the names that `at` may have.
 */
export const killAtFileCall = async (at: string): Promise<void> => {
  const counts = new Map<string, number>();
  const wrap = (owner: object, name: string): void => {
    const methods = owner as Record<string, Call>;
    const original = methods[name];
    if (original === undefined) throw new Error(`node:fs/promises has no ${name}`);
    methods[name] = async function (this: unknown, ...args) {
      if (name === 'open' && isReading(args[1])) return original.apply(this, args);
      const count = (counts.get(name) ?? 0) + 1;
      counts.set(name, count);
      const call = `${name} ${count}`;
      writeSync(1, `${call}\n`);
      if (at === call) process.kill(process.pid, 'SIGKILL');
      const [content, ...more] = args;
      if (at === `${call} half` && (typeof content === 'string' || content instanceof Uint8Array)) {
        await original.call(this, content.slice(0, content.length / 2), ...more);
        process.kill(process.pid, 'SIGKILL');
      }
      return original.apply(this, args);
    };
  };
  const handle: FileHandle = await open(process.execPath, 'r');
  await handle.close();
  for (const name of changingHandle) wrap(Object.getPrototypeOf(handle) as object, name);
  for (const name of changing) wrap(fs, name);
  syncBuiltinESMExports();
};

const isReading = (flags: unknown): boolean =>
  flags === undefined || flags === 'r' || (typeof flags === 'number' && (flags & 3) === 0);
