import { type Dialect, TaskError } from '@nodetask/shared';
import type { DocumentTable, DocumentValue, KeyPath, ValueEdit } from '../../node/document-value.ts';
import { sameValue } from '../../node/document-value.ts';
import type { FileChange } from '../../node/file-transaction.ts';
import { editToml } from '../../node/toml/edit-toml.ts';
import { type Changes, changesOf } from './changes.ts';
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

/** What becomes of keys of config.toml. */
export interface PlannedKeys {
  /** Empty where the file has them all already. */
  readonly files: readonly FileChange[];
  readonly changes: Changes;
}

/** Gives keys, as Sei spells them, their values. `patch-invalid` where the file cannot be edited. Writes nothing: see `replaceFiles`. */
export const planKeys = async (
  config: ConfigToml,
  wanted: readonly (readonly [path: KeyPath, value: DocumentValue])[],
): Promise<PlannedKeys> => {
  const edits = wanted.flatMap(([path, value]): readonly ValueEdit[] => {
    const found = findKey(config, path);
    return sameValue(found.value, value) ? [] : [{ path: found.path, value }];
  });
  const content = await editToml(config.text, edits, config.path);
  return {
    files: content === config.text ? [] : [{ name: fileName, content }],
    changes: changesOf(fileName, config.document, edits),
  };
};
