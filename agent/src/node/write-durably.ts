import { constants } from 'node:fs';
import { type FileHandle, lstat, open, rename, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { fileError, isMissing } from './file-errors.ts';
import { syncFolder } from './sync-folder.ts';
import { writeOrRemove } from './write-or-remove.ts';

const temporaryOf = (name: string): string => `${name}.tmp`;

/** For whom a file is: the node, which may run as another user than the agent, or the agent alone. */
export type Readers = 'node' | 'agent';

/**
 * Writes a small file of the agent's own so that after a crash it has the old content or the new one. Its temporary name is fixed: whoever
 * calls holds a lock, and what a crash leaves is used up by the next write. Throws TaskError `file-io` or `disk-full`.
 */
export const writeDurably = async (
  folder: string,
  name: string,
  content: string,
  readers: Readers = 'node',
): Promise<void> => {
  const temporary = join(folder, temporaryOf(name));
  try {
    const { O_WRONLY, O_CREAT, O_TRUNC, O_NOFOLLOW } = constants;
    const flags = O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW;
    const file = await open(temporary, flags, readers === 'agent' ? 0o600 : 0o644);
    await writeOrRemove(file, temporary, async () => {
      await setReaders(file, folder, readers);
      await file.writeFile(content);
    });
    await rename(temporary, join(folder, name));
    await syncFolder(folder);
  } catch (error) {
    throw fileError('write', join(folder, name), error);
  }
};

const setReaders = async (file: FileHandle, folder: string, readers: Readers): Promise<void> => {
  if (readers === 'agent') {
    // What a crash has left may have been anybody's.
    await file.chmod(0o600);
    return;
  }
  const { uid, gid } = await lstat(folder);
  if (process.geteuid?.() === 0) await file.chown(uid, gid);
};

/** Removes a file and what an interrupted `writeDurably` left of it; neither need exist. */
export const removeDurably = async (folder: string, name: string): Promise<void> => {
  try {
    for (const path of [join(folder, name), join(folder, temporaryOf(name))]) {
      await unlink(path).catch((error: unknown) => {
        if (!isMissing(error)) throw error;
      });
    }
    await syncFolder(folder);
  } catch (error) {
    throw fileError('remove', join(folder, name), error);
  }
};
