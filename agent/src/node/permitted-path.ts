/** Decides to which places a path of the node's configuration may lead. docs/adr/0035-paths-from-the-nodes-configuration.md */
import { lstat, realpath, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { TaskError } from '@nodetask/shared';
import { fileError, isMissing } from './file-errors.ts';
import { findRoot, type NodeHome } from './node-home.ts';
import { shownPath } from './text-setting.ts';
import { isSystemFolder, isWithin } from './system-folder.ts';

/**
 * The real path behind the absolute path of a folder, of which the last parts need not exist. It has to lie in the home or below a folder of
 * --allow-path, and neither in the agent's own state nor in a folder of the system. Throws TaskError `file-invalid`; `where` names the key
 * and its file.
 */
export const permittedPath = async (home: NodeHome, where: string, path: string): Promise<string> => {
  const real = await realPathOf(where, path);
  const refuse = (why: string): never => {
    const shown = real === path ? shownPath(path) : `${shownPath(path)}, which leads to ${shownPath(real)}`;
    throw new TaskError('file-invalid', `${where} is ${shown}: ${why}; nothing was changed`);
  };
  if (await isNoFolder(real)) return refuse('that is a file: give the path of a folder');
  const root = await findRoot(home);
  const state = await realPathOf('the state folder', home.stateFolder);
  if (isWithin(real, state) && !isWithin(root, state)) {
    return refuse("that is in the agent's own state folder: choose another folder");
  }
  if (isWithin(real, root)) return real;
  if (isSystemFolder(real)) return refuse('that is a folder of the system: choose another folder');
  for (const allowed of home.allowPaths) {
    const folder = await realpath(allowed).catch((error: unknown) => {
      if (!isMissing(error)) throw fileError('resolve', allowed, error);
      return undefined;
    });
    if (folder === undefined && isWithin(path, allowed)) {
      return refuse(`${allowed}, which --allow-path names, does not exist: mount the node's volume there`);
    }
    if (folder !== undefined && !isSystemFolder(folder) && isWithin(real, folder)) return real;
  }
  return refuse(
    `that is outside of the node's home ${home.root}: mount the volume at the same path for the agent, and name its folder by --allow-path (NODETASK_ALLOW_PATH)`,
  );
};

const isNoFolder = async (path: string): Promise<boolean> => {
  try {
    return !(await stat(path)).isDirectory();
  } catch (error) {
    if (isMissing(error)) return false;
    throw fileError('look at', path, error);
  }
};

/** Resolves links in the part that exists. */
export const realPathOf = async (where: string, path: string): Promise<string> => {
  try {
    return await realpath(path);
  } catch (error) {
    if (hasCode(error, 'ENOTDIR')) {
      throw new TaskError(
        'file-invalid',
        `${where} is ${shownPath(path)}, which leads through a file: give the path of a folder`,
        { cause: error },
      );
    }
    if (hasCode(error, 'ENAMETOOLONG', 'ELOOP')) {
      throw new TaskError(
        'file-invalid',
        `${where} is ${shownPath(path)}, which cannot be resolved: correct it there`,
        {
          cause: error,
        },
      );
    }
    if (!isMissing(error)) throw fileError('resolve', path, error);
    const link = await lstat(path).catch(() => undefined);
    if (link !== undefined) {
      throw new TaskError(
        'file-invalid',
        `${where} is ${shownPath(path)}, a link that leads nowhere: remove the link, or make the folder that it names`,
        { cause: error },
      );
    }
    return join(await realPathOf(where, dirname(path)), basename(path));
  }
};

const hasCode = (error: unknown, ...codes: readonly string[]): boolean =>
  error instanceof Error && 'code' in error && codes.includes(String(error.code));
