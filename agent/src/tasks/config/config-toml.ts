import { join } from 'node:path';
import { TaskError } from '@nodetask/shared';
import type { DocumentTable, DocumentValue, KeyPath, ValueEdit } from '../../node/document-value.ts';
import { sameValue } from '../../node/document-value.ts';
import { type FileChange, replaceFiles } from '../../node/file-transaction.ts';
import { readTextFile } from '../../node/read-file.ts';
import { editToml } from '../../node/toml/edit-toml.ts';
import { maxTomlBytes, parseToml } from '../../node/toml/parse-toml.ts';
import { withoutDashes } from '../config-patch/spelling.ts';
import { flavourOfConfig } from './config-files.ts';
import { type Flavour, type Located, locateKey } from './locate-key.ts';

/** config.toml alone, for tasks that write a few known keys of it. */
export interface ConfigToml {
  /** Real path of config/. */
  readonly folder: string;
  readonly path: string;
  readonly text: string;
  readonly document: DocumentTable;
  readonly flavour: Flavour;
}

const fileName = 'config.toml';

/** Throws TaskError `file-missing`, `file-invalid`, `file-io`. */
export const readConfigToml = async (folder: string): Promise<ConfigToml> => {
  const path = join(folder, fileName);
  const text = await readTextFile(path, maxTomlBytes);
  if (text === undefined) {
    throw new TaskError(
      'file-missing',
      `${path} does not exist: create it first, for instance with a config-apply task`,
    );
  }
  const document = await parseToml(text, path);
  return { folder, path, text, document, flavour: flavourOfConfig(document) };
};

/**
 * Where the node reads a key, given as Sei spells it. A file that has both spellings has the other one by mistake: the node reads its own.
 */
export const findKey = ({ document, flavour }: ConfigToml, path: KeyPath): Located =>
  locateKey(document, flavour === 'cometbft' ? path.map(withoutDashes) : path, flavour);

/** The text under a key; empty where the key is missing. Throws TaskError `file-invalid` where it is another kind of value. */
export const textAt = (config: ConfigToml, path: KeyPath): string => {
  const { path: spelled, value = '' } = findKey(config, path);
  if (typeof value === 'string') return value;
  throw new TaskError('file-invalid', `${spelled.join('.')} in ${config.path} is no text: correct it there`);
};

/**
 * Gives keys, as Sei spells them, their values; false where the file has them all already. `patch-invalid` where it cannot be edited.
 * @param before Called just before the file is replaced.
 */
export const writeKeys = async (
  config: ConfigToml,
  wanted: readonly (readonly [path: KeyPath, value: DocumentValue])[],
  before: (changes: readonly FileChange[]) => Promise<void>,
): Promise<boolean> => {
  const edits = wanted.flatMap(([path, value]): readonly ValueEdit[] => {
    const found = findKey(config, path);
    return sameValue(found.value, value) ? [] : [{ path: found.path, value }];
  });
  const content = await editToml(config.text, edits, config.path);
  if (content === config.text) return false;
  const changes = [{ name: fileName, content }];
  await before(changes);
  await replaceFiles(config.folder, changes);
  return true;
};
