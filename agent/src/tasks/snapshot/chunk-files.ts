import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileError, isMissing } from '../../node/file-errors.ts';
import type { StoreEntry } from './metadata-store/store-entry.ts';
import { pathOfSnapshot } from './snapshots-folder.ts';

/** Files are looked at so many at once. */
const batch = 32;

/** Why a snapshot that metadata.db lists is not complete on disk; undefined if all of its chunks are there. */
export const faultOfEntry = async (folder: string, entry: StoreEntry): Promise<string | undefined> => {
  const { height, format, chunks } = entry;
  const path = join(pathOfSnapshot(folder, height), String(format));
  const found = await read(path);
  if (found === undefined) return `metadata.db lists it, and its folder ${height}/${format} is missing`;
  const numbers = found.chunks;
  if (chunks === 0) return 'metadata.db says that it has no chunks';
  const count = chunks ?? numbers.size;
  if (count === 0) return `its folder ${height}/${format} holds no chunk`;
  const missing = firstGap(numbers, count);
  if (missing !== undefined) return `chunk ${missing} of ${count} is missing in ${height}/${format}`;
  const empty = await firstEmpty(path, count);
  return empty === undefined ? undefined : `chunk ${empty} of ${count} is empty in ${height}/${format}`;
};

/**
 * Why a snapshot that no metadata.db tells about cannot be complete; undefined if nothing speaks against it. Nothing says how many chunks it
 * should have, so only a folder without any file, and a gap in the numbers, show.
 */
export const faultOfFolder = async (folder: string, height: number): Promise<string | undefined> => {
  const path = pathOfSnapshot(folder, height);
  const top = await read(path);
  if (top === undefined) return `its folder ${height} is missing`;
  const places = [
    { name: String(height), found: top },
    ...(await Promise.all(
      top.folders.map(async (name) => ({ name: `${height}/${name}`, found: await read(join(path, name)) })),
    )),
  ];
  let files = 0;
  for (const { name, found } of places) {
    files += found?.files ?? 0;
    const numbers = found?.chunks ?? new Set();
    const missing = firstGap(numbers, numbers.size);
    if (missing !== undefined) return `chunk ${missing} is missing in ${name}, which has ${numbers.size} others`;
    if (found !== undefined && isFormat(name, height) && found.files === 0) return `its folder ${name} holds no chunk`;
  }
  return files === 0 ? `its folder ${height} holds no chunk` : undefined;
};

const isFormat = (name: string, height: number): boolean => isNumber(name.slice(`${height}/`.length));

/** As the SDK writes numbers into names: decimal, without zeros in front. */
const isNumber = (name: string): boolean => /^(?:0|[1-9]\d{0,9})$/.test(name);

interface FoundFolder {
  /** The numbers among the names of its files. */
  readonly chunks: ReadonlySet<number>;
  readonly files: number;
  readonly folders: readonly string[];
}

/** Undefined if it is missing or no folder. Links are neither files nor folders here. */
const read = async (path: string): Promise<FoundFolder | undefined> => {
  try {
    // The folder itself must not be a link.
    if (!(await lstat(path)).isDirectory()) return undefined;
    const entries = await readdir(path, { withFileTypes: true });
    const files = entries.filter((entry) => entry.isFile()).map(({ name }) => name);
    return {
      chunks: new Set(files.filter(isNumber).map(Number)),
      files: files.length,
      folders: entries.filter((entry) => entry.isDirectory()).map(({ name }) => name),
    };
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw fileError('list', path, error);
  }
};

const firstGap = (numbers: ReadonlySet<number>, count: number): number | undefined => {
  for (let chunk = 0; chunk < count; chunk++) if (!numbers.has(chunk)) return chunk;
  return undefined;
};

/** A power cut leaves these if the node had not synced what it wrote. */
const firstEmpty = async (folder: string, count: number): Promise<number | undefined> => {
  for (let at = 0; at < count; at += batch) {
    const chunks = Array.from({ length: Math.min(batch, count - at) }, (_, index) => at + index);
    const sizes = await Promise.all(chunks.map(async (chunk) => ({ chunk, bytes: await sizeOf(folder, chunk) })));
    const empty = sizes.find(({ bytes }) => bytes === 0);
    if (empty !== undefined) return empty.chunk;
  }
  return undefined;
};

const sizeOf = async (folder: string, chunk: number): Promise<number> => {
  const path = join(folder, String(chunk));
  try {
    return (await lstat(path)).size;
  } catch (error) {
    // The node removes it right now.
    if (isMissing(error)) return 0;
    throw fileError('look at', path, error);
  }
};
