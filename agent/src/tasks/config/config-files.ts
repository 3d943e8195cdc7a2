import { join } from 'node:path';
import { type Dialect, TaskError } from '@nodetask/shared';
import type { DocumentTable } from '../../node/document-value.ts';
import { readTextFile } from '../../node/read-file.ts';
import { maxTomlBytes, parseToml } from '../../node/toml/parse-toml.ts';
import { decideDialect, dialectOfApp, type DialectQuestion } from './dialect/decide-dialect.ts';
import type { ConfigFile } from './registry.ts';

/** One of the two files as it is on disk. */
export interface FileOnDisk {
  readonly path: string;
  /** Absent where the file does not exist. */
  readonly text?: string;
  /** Empty where the file does not exist. */
  readonly document: DocumentTable;
}

export interface ConfigOnDisk {
  readonly files: Readonly<Record<ConfigFile, FileOnDisk>>;
  readonly dialect: Dialect;
}

/**
 * Reads and parses both files; one that is missing is empty. A node without config.toml counts as Sei's, whose files config-apply writes, if
 * neither the parameter nor app.toml says otherwise. Throws TaskError `file-invalid`, `file-io`, `dialect-unknown`, `dialect-mismatch`.
 */
export const readConfigFiles = async (folder: string, question: DialectQuestion): Promise<ConfigOnDisk> => {
  const [config, app] = await Promise.all([readConfigFile(folder, 'config.toml'), readConfigFile(folder, 'app.toml')]);
  const dialect =
    config.text === undefined
      ? (question.asked ?? dialectOfApp(app) ?? 'sei')
      : await decideDialect(config, () => Promise.resolve(app), question);
  return { files: { 'config.toml': config, 'app.toml': app }, dialect };
};

/** The names of the files that are there. */
export const namesOf = ({ files }: ConfigOnDisk): readonly string[] =>
  Object.entries(files).flatMap(([name, { text }]) => (text === undefined ? [] : [name]));

/** Throws TaskError `file-invalid`, `file-io`. */
export const readConfigFile = async (folder: string, name: ConfigFile): Promise<FileOnDisk> => {
  const path = join(folder, name);
  const text = await readTextFile(path, maxTomlBytes);
  return text === undefined ? { path, document: {} } : { path, text, document: await parseToml(text, path) };
};

/** Throws TaskError `file-missing` where a file is not there that the node needs: both, but no app.toml with CometBFT's own programs. */
export const refuseMissingFiles = (disk: ConfigOnDisk): void => {
  for (const [name, file] of Object.entries(disk.files)) {
    if (file.text === undefined && !(name === 'app.toml' && disk.dialect === 'cometbft')) {
      throw new TaskError(
        'file-missing',
        disk.dialect === 'sei'
          ? `${file.path} does not exist: write it first with a config-apply task that gives mode and is not incremental`
          : `${file.path} does not exist, and config-apply writes complete files for Sei's nodes only: write it first with the node's own init`,
      );
    }
  }
};
