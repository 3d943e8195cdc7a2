/**
 * The node ids that discover-peers itself wrote into config.toml, in a file of the agent's state folder. They tell the peers of an earlier
 * run, which leave the list when no source names them any more, from those of somebody else.
 */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from '@nodetask/shared';
import * as z from 'zod';
import { fileError } from '../../node/file-errors.ts';
import { readTextFile } from '../../node/read-file.ts';
import { writeDurably } from '../../node/write-durably.ts';

const fileSchema = z.strictObject({ version: z.literal(1), ids: z.array(z.string().regex(/^[0-9a-f]{40}$/)) });

const folderName = 'discover-peers';
const fileName = 'written-peers.json';
const maxBytes = 1024 * 1024;

/** Empty if nothing was ever written, and if the file cannot be understood: then all peers count as somebody else's, and stay. */
export const readWrittenPeers = async (stateFolder: string, logger: Logger): Promise<ReadonlySet<string>> => {
  const path = join(stateFolder, folderName, fileName);
  const text = await readTextFile(path, maxBytes);
  if (text === undefined) return new Set();
  try {
    return new Set(fileSchema.parse(JSON.parse(text)).ids);
  } catch (error) {
    logger.warn('the file of the peers that earlier runs wrote cannot be read; all peers are kept', { path, error });
    return new Set();
  }
};

/** @throws TaskError `file-io`, `disk-full` */
export const writeWrittenPeers = async (stateFolder: string, ids: readonly string[]): Promise<void> => {
  const folder = join(stateFolder, folderName);
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw fileError('make the folder', folder, error);
  }
  const content: z.input<typeof fileSchema> = { version: 1, ids: [...new Set(ids)] };
  await writeDurably(folder, fileName, `${JSON.stringify(content)}\n`, 'agent');
};
