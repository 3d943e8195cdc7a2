/**
 * Where restores were begun other than in data/. A crash may leave one unfinished, and the node's configuration may name another folder when
 * the agent is back: without this note nobody would look there again.
 */
import { join } from 'node:path';
import { type Logger, TaskError } from '@nodetask/shared';
import * as z from 'zod';
import { isBareName, type NodeHome } from '../../node/node-home.ts';
import type { SnapshotsFolder } from '../../node/node-paths.ts';
import { permittedPath } from '../../node/permitted-path.ts';
import { readTextFile } from '../../node/read-file.ts';
import { removeDurably, writeDurably } from '../../node/write-durably.ts';
import { isFolder } from './snapshots-folder.ts';

const fileName = '.nodetask-restore-places.json';
const maxBytes = 64 * 1024;
const maxPlaces = 8;

const schema = z.object({
  version: z.literal(1),
  places: z
    .array(z.object({ parent: z.string().startsWith('/').max(4096), name: z.string().refine(isBareName) }))
    .max(maxPlaces),
});

export type NotedPlace = z.output<typeof schema>['places'][number];

export const readPlaces = async (home: NodeHome): Promise<readonly NotedPlace[]> => {
  const path = join(home.root, fileName);
  const text = await readTextFile(path, maxBytes);
  if (text === undefined) return [];
  const noted = parse(text);
  if (noted === undefined) throw new TaskError('file-invalid', `${path} was not written by this agent: remove it`);
  return noted.places;
};

/** Notes a place before a restore writes there. Of more than a few, the oldest is forgotten. */
export const notePlace = async (home: NodeHome, { parent, name }: SnapshotsFolder): Promise<void> => {
  const noted = await readPlaces(home);
  if (noted.some((place) => place.parent === parent && place.name === name)) return;
  await keepPlaces(home, [...noted, { parent, name }].slice(-maxPlaces));
};

export const keepPlaces = async (home: NodeHome, places: readonly NotedPlace[]): Promise<void> => {
  if (places.length === 0) await removeDurably(home.root, fileName);
  else await writeDurably(home.root, fileName, JSON.stringify({ version: 1, places }));
};

/** The noted place as it is now; undefined if it cannot be reached, which the log tells: its volume may come back. */
export const placeOf = async (
  home: NodeHome,
  { parent, name }: NotedPlace,
  logger: Logger,
): Promise<NotedPlace | undefined> => {
  try {
    // Whoever can write into the home can write the note.
    const now = await permittedPath(home, `a folder in ${join(home.root, fileName)}`, parent);
    if (await isFolder(now)) return { parent: now, name };
    logger.warn('the folder of an earlier restore is not there', { folder: parent });
  } catch (error) {
    logger.warn('the folder of an earlier restore cannot be looked at', { folder: parent, error });
  }
  return undefined;
};

const parse = (text: string): z.output<typeof schema> | undefined => {
  try {
    return schema.safeParse(JSON.parse(text)).data;
  } catch {
    // Not even JSON: the same as any other text that is no note.
    return undefined;
  }
};
