import { join } from 'node:path';
import { TaskError } from '@nodetask/shared';
import type { DocumentTable } from '../../node/document-value.ts';
import { findConfigFolder, type NodeHome } from '../../node/node-home.ts';
import { readTextFile } from '../../node/read-file.ts';
import { maxTomlBytes, parseToml } from '../../node/toml/parse-toml.ts';
import { decodeValue } from '../config/decode-value.ts';
import { locateKey } from '../config/locate-key.ts';
import { placesOf, registry } from '../config/registry.ts';

/** What app.toml says about the snapshots that the node takes. */
export interface SnapshotSettings {
  /** Of app.toml. */
  readonly path: string;
  /** Blocks between two snapshots; 0 takes none. */
  readonly interval: bigint;
  /** How many are kept; 0 keeps all. */
  readonly keepRecent: bigint;
}

/**
 * Undefined where there is no app.toml, as with CometBFT's own programs, or none that can be read: this explains why there are no snapshots, and
 * must not fail a task by itself. A missing key counts as 0, as it does for the node.
 */
export const readSnapshotSettings = async (home: NodeHome): Promise<SnapshotSettings | undefined> => {
  try {
    const path = join((await findConfigFolder(home)) ?? home.config, 'app.toml');
    const text = await readTextFile(path, maxTomlBytes);
    if (text === undefined) return undefined;
    const document = await parseToml(text, path);
    const interval = countAt(document, 'storage.snapshot_interval');
    const keepRecent = countAt(document, 'storage.snapshot_keep_recent');
    return interval === undefined || keepRecent === undefined ? undefined : { path, interval, keepRecent };
  } catch (error) {
    if (error instanceof TaskError) return undefined;
    throw error;
  }
};

/** Undefined where it is no number. */
const countAt = (document: DocumentTable, key: string): bigint | undefined => {
  const entry = registry().get(key);
  const place = entry === undefined ? undefined : placesOf(entry).at(0);
  if (entry === undefined || place === undefined) return undefined;
  const { value: raw } = locateKey(document, place.path, 'sei');
  if (raw === undefined) return 0n;
  const decoded = decodeValue(entry, raw);
  return 'value' in decoded && typeof decoded.value === 'bigint' ? decoded.value : undefined;
};
