/** A key of the node's own configuration whose value is a path or a name, read as the node reads it. */
import { join } from 'node:path';
import { TaskError } from '@nodetask/shared';
import { type DocumentValue, formatPath, isTable, type KeyPath } from './document-value.ts';
import { findConfigFolder, type NodeHome } from './node-home.ts';
import { readTextFile } from './read-file.ts';
import { maxTomlBytes, parseToml } from './toml/parse-toml.ts';

export interface TextSetting {
  /** The key and its file, for messages. */
  readonly where: string;
  /** The text as the file has it. */
  readonly value: string;
}

/** A longer path does not exist on Linux (PATH_MAX). */
const maxPathBytes = 4096;

/**
 * The value of a key; undefined if the file or the key is missing. CometBFT and Sei spell the same key differently, and each reads its own
 * spelling only. If a file sets both, and to different values, the one that counts cannot be known. Throws TaskError `file-invalid`.
 */
export const readTextSetting = async (
  home: NodeHome,
  file: 'config.toml' | 'app.toml',
  spellings: readonly KeyPath[],
): Promise<TextSetting | undefined> => {
  const folder = await findConfigFolder(home);
  if (folder === undefined) return undefined;
  const path = join(folder, file);
  const text = await readTextFile(path, maxTomlBytes);
  if (text === undefined) return undefined;
  const document = await parseToml(text, path);
  const [first, ...others] = spellings.flatMap((spelling) => findAll(document, spelling, []));
  if (first === undefined) return undefined;
  const where = `${formatPath(first.path)} in ${path}`;
  const other = others.find(({ value }) => value !== first.value);
  if (other !== undefined) {
    throw new TaskError(
      'file-invalid',
      `${where} and ${formatPath(other.path)} differ, and each kind of node reads only one of them: remove the other`,
    );
  }
  if (typeof first.value !== 'string') {
    throw new TaskError('file-invalid', `${where} is no text: put it in quotes`);
  }
  if (first.value.includes('\0') || Buffer.byteLength(first.value) > maxPathBytes) {
    throw new TaskError('file-invalid', `${where} is no path: ${shownPath(first.value)}; correct it there`);
  }
  return { where, value: first.value };
};

/** Fit for a message, whatever the file says. */
export const shownPath = (path: string): string => JSON.stringify(path.length <= 300 ? path : `${path.slice(0, 300)}…`);

interface Found {
  readonly path: KeyPath;
  readonly value: DocumentValue;
}

/** viper, by which nodes read their files, ignores the case of letters. */
const findAll = (value: DocumentValue, [key, ...rest]: KeyPath, at: KeyPath): readonly Found[] => {
  if (key === undefined) return [{ path: at, value }];
  if (!isTable(value)) return [];
  return Object.entries(value)
    .filter(([name]) => name.toLowerCase() === key)
    .flatMap(([name, inner]) => findAll(inner, rest, [...at, name]));
};
