import fs from 'node:fs';
import promises, { type FileHandle, open } from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';

/** A quota on the bytes that this process writes into files, from the moment that it is set. */
export interface WriteQuota {
  /** Undefined: none. */
  bytesLeft: number | undefined;
}

type Call = (...args: unknown[]) => unknown;

/** Makes every write of node:fs beyond the quota fail as on a full volume, the part that fits written. For where no small volume can be mounted. */
export const createWriteQuota = async (): Promise<WriteQuota> => {
  const quota: WriteQuota = { bytesLeft: undefined };
  const wrap = (owner: object, name: string, contentAt: 0 | 1): void => {
    const methods = owner as Record<string, Call>;
    const original = methods[name];
    if (original === undefined) throw new Error(`node:fs has no ${name}`);
    methods[name] = function (this: unknown, ...args) {
      const size = sizeOf(args, contentAt);
      if (quota.bytesLeft === undefined || size <= quota.bytesLeft) {
        if (quota.bytesLeft !== undefined) quota.bytesLeft -= size;
        return original.apply(this, args);
      }
      quota.bytesLeft = 0;
      const error = Object.assign(new Error(`ENOSPC: no space left on device, ${name}`), {
        code: 'ENOSPC',
        errno: -28,
      });
      if (name.endsWith('Sync')) throw error;
      return Promise.reject(error);
    };
  };
  const handle: FileHandle = await open(process.execPath, 'r');
  await handle.close();
  for (const name of ['write', 'writeFile']) wrap(Object.getPrototypeOf(handle) as object, name, 0);
  wrap(promises, 'writeFile', 1);
  wrap(fs, 'writeSync', 1);
  syncBuiltinESMExports();
  return quota;
};

/** Of `write(buffer, offset, length)` the length counts, of a whole content its size. */
const sizeOf = (args: readonly unknown[], contentAt: number): number => {
  const content = args[contentAt];
  const length = args[contentAt + 2];
  if (typeof content === 'string') return Buffer.byteLength(content);
  if (typeof length === 'number') return length;
  return content instanceof Uint8Array ? content.byteLength : 0;
};
