import { join } from 'node:path';
import { TaskError } from '@nodetask/shared';
import type { DocumentTable } from '../../node/document-value.ts';
import { readTextFile } from '../../node/read-file.ts';
import { maxTomlBytes, parseToml } from '../../node/toml/parse-toml.ts';
import { type Flavour, flavourOf } from './locate-key.ts';
import { type ConfigFile, placesOf, registry } from './registry.ts';

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
  readonly flavour: Flavour;
}

/** Reads and parses both files; one that is missing is empty. Throws TaskError `file-invalid`, `file-io`. */
export const readConfigFiles = async (folder: string): Promise<ConfigOnDisk> => {
  const [config, app] = await Promise.all([readOne(folder, 'config.toml'), readOne(folder, 'app.toml')]);
  return { files: { 'config.toml': config, 'app.toml': app }, flavour: flavourOfConfig(config.document) };
};

/** How a parsed config.toml spells its keys. */
export const flavourOfConfig = (document: DocumentTable): Flavour => {
  const places = [...registry().values()].flatMap(placesOf).filter((place) => place.file === 'config.toml');
  return flavourOf(
    document,
    places.map((place) => place.path),
  );
};

const readOne = async (folder: string, name: ConfigFile): Promise<FileOnDisk> => {
  const path = join(folder, name);
  const text = await readTextFile(path, maxTomlBytes);
  return text === undefined ? { path, document: {} } : { path, text, document: await parseToml(text, path) };
};

/** Throws TaskError `file-missing` where a file is not there that the node needs: both, but no app.toml with CometBFT's own programs. */
export const refuseMissingFiles = (disk: ConfigOnDisk): void => {
  for (const [name, file] of Object.entries(disk.files)) {
    if (file.text === undefined && !(name === 'app.toml' && disk.flavour === 'cometbft')) {
      throw new TaskError(
        'file-missing',
        `${file.path} does not exist: write it first with a config-apply task that gives mode and is not incremental`,
      );
    }
  }
};
