import type { Stats } from 'node:fs';
import { stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { TaskError } from '@nodetask/shared';
import { isMissing } from '../../../node/file-errors.ts';
import type { NodeHome } from '../../../node/node-home.ts';
import { permittedPath, realPathOf } from '../../../node/permitted-path.ts';
import { readTextFile } from '../../../node/read-file.ts';

/** What is at a path; `unseen` where the agent may not look. */
export type Seen = 'there' | 'missing' | 'no-folder' | 'no-file' | 'no-json' | 'unseen';

/** Larger files are taken for what their name says. */
const maxBytes = 1024 * 1024;

/** Looks at a file that the node's configuration names, through links, in the places in which the agent may look at all. */
export const lookAt = async (home: NodeHome, path: string, content: 'json' | 'anything'): Promise<Seen> => {
  if (resolve(path) === resolve(home.root)) return 'no-file';
  try {
    const folder = await permittedPath(home, 'a path', dirname(path));
    const real = await realPathOf('a path', join(folder, basename(path)));
    await permittedPath(home, 'a path', dirname(real));
    const facts = await statOf(real);
    if (facts === undefined) return (await statOf(folder)) === undefined ? 'no-folder' : 'missing';
    if (!facts.isFile()) return 'no-file';
    return content === 'json' && facts.size <= maxBytes ? await judgeJSON(real) : 'there';
  } catch (error) {
    // Outside of the home, or not for the agent's user to read: the node may.
    if (error instanceof TaskError) return 'unseen';
    throw error;
  }
};

const statOf = async (path: string): Promise<Stats | undefined> => {
  try {
    return await stat(path);
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw new TaskError('file-io', 'the path cannot be looked at', { cause: error });
  }
};

const judgeJSON = async (path: string): Promise<Seen> => {
  const text = await readTextFile(path, maxBytes).catch((error: unknown) => {
    if (error instanceof TaskError && error.code === 'file-invalid') return 'not UTF-8';
    throw error;
  });
  if (text === undefined) return 'missing';
  try {
    JSON.parse(text);
    return 'there';
  } catch {
    return 'no-json';
  }
};
