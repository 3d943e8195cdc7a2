import { type Dialect, TaskError } from '@nodetask/shared';
import type { DocumentTable, DocumentValue, KeyPath, ValueEdit } from '../../node/document-value.ts';
import { sameValue } from '../../node/document-value.ts';
import { type FileChange, replaceFiles } from '../../node/file-transaction.ts';
import { editToml } from '../../node/toml/edit-toml.ts';
import { readConfigFile } from './config-files.ts';
import { decideDialect, type DialectQuestion } from './dialect/decide-dialect.ts';
import { type Located, locateKey } from './locate-key.ts';

/** config.toml alone, for tasks that write a few known keys of it. */
export interface ConfigToml {
  /** Real path of config/. */
  readonly folder: string;
  readonly path: string;
  readonly text: string;
  readonly document: DocumentTable;
  readonly dialect: Dialect;
}

const fileName = 'config.toml';

/** Throws TaskError `file-missing`, `file-invalid`, `file-io`, `dialect-unknown`, `dialect-mismatch`. */
export const readConfigToml = async (folder: string, question: DialectQuestion): Promise<ConfigToml> => {
  const config = await readConfigFile(folder, fileName);
  const { path, text, document } = config;
  if (text === undefined) {
    throw new TaskError(
      'file-missing',
      `${path} does not exist: create it first, for instance with a config-apply task`,
    );
  }
  const dialect = await decideDialect(config, () => readConfigFile(folder, 'app.toml'), question);
  return { folder, path, text, document, dialect };
};

/** Where the node reads a key, given as Sei spells it. */
export const findKey = ({ document, dialect }: ConfigToml, path: KeyPath): Located =>
  locateKey(document, path, dialect);

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
