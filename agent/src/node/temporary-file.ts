import { randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, lstat, open, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { TaskError } from '@nodetask/shared';
import { fileError, isMissing } from './file-errors.ts';
import { isBareName } from './node-home.ts';

/** Names of files that only exist while a change is made; what is left of them after a crash is removed. */
export const temporaryPattern = /^\.nodetask-[0-9a-f-]{36}\.(?:tmp|journal)$/;

/**
 * Opens a new temporary file beside `name`, with the mode and the owner that the target has (or, for a new one, that its folder suggests).
 * Hand its name to `replaceFiles`, or remove it.
 */
export const openTemporary = async (
  folder: string,
  name: string,
): Promise<{ readonly name: string; readonly file: FileHandle }> => {
  if (!isBareName(name)) {
    throw new TaskError(
      'file-invalid',
      `${JSON.stringify(name)} is not a bare file name: give the name without folders`,
    );
  }
  const target = join(folder, name);
  const temporary = `.nodetask-${randomUUID()}.tmp`;
  try {
    const { mode, uid, gid } = await permissions(folder, target);
    const file = await open(join(folder, temporary), constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o600);
    try {
      const own = await file.stat();
      if (own.uid !== uid || own.gid !== gid) await file.chown(uid, gid);
      await file.chmod(mode);
    } catch (error) {
      await file.close();
      await unlink(join(folder, temporary));
      throw error;
    }
    return { name: temporary, file };
  } catch (error) {
    throw fileError('create a temporary file for', target, error);
  }
};

const permissions = async (
  folder: string,
  target: string,
): Promise<{ readonly mode: number; readonly uid: number; readonly gid: number }> => {
  const stat = await lstat(target).catch((error: unknown) => {
    if (isMissing(error)) return undefined;
    throw error;
  });
  if (stat === undefined) {
    // Only root can give files away; others leave a new file their own.
    const { uid, gid } = await lstat(folder);
    const root = process.geteuid?.() === 0;
    return {
      mode: 0o644,
      uid: root ? uid : (process.geteuid?.() ?? uid),
      gid: root ? gid : (process.getegid?.() ?? gid),
    };
  }
  if (stat.isSymbolicLink()) {
    throw new TaskError(
      'file-invalid',
      `${target} is a symbolic link, which the agent does not replace: put a regular file in its place`,
    );
  }
  if (!stat.isFile()) throw new TaskError('file-invalid', `${target} is not a regular file: remove it first`);
  return { mode: stat.mode & 0o7777, uid: stat.uid, gid: stat.gid };
};
