import { TaskError } from '@nodetask/shared';
import { valueAt } from '../../node/document-value.ts';
import type { NodeKind } from '../../node/genesis/judge-genesis.ts';
import { type ConfigOnDisk, readConfigFiles } from './config-files.ts';
import { askNobody } from './dialect/ask-dialect.ts';

/** What the configuration tells of the node that reads it. */
export const nodeKindOf = ({ dialect, files }: ConfigOnDisk): NodeKind => {
  const version = valueAt(files['config.toml'].document, ['version']);
  return {
    dialect,
    inSDK: files['app.toml'].text !== undefined,
    ...(typeof version === 'string' ? { version } : {}),
  };
};

/** The same from the files; nothing is known of a node that has none, or such as cannot be read. */
export const findNodeKind = async (folder: string, signal: AbortSignal): Promise<NodeKind> => {
  try {
    const disk = await readConfigFiles(folder, { asked: undefined, ask: askNobody, signal });
    return disk.files['config.toml'].text === undefined ? { inSDK: false } : nodeKindOf(disk);
  } catch (error) {
    if (!(error instanceof TaskError)) throw error;
    return { inSDK: false };
  }
};
