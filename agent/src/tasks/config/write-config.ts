import { type DocumentValue, sameValue, type ValueEdit, withEdits } from '../../node/document-value.ts';
import type { FileChange } from '../../node/file-transaction.ts';
import { editToml } from '../../node/toml/edit-toml.ts';
import { type Change, type Changes, changesOf, joinChanges } from './changes.ts';
import type { ConfigOnDisk } from './config-files.ts';
import { type ConfigValue, type ConfigValues, sameConfigValue } from './config-value.ts';
import { decodeValue, encodeValue, valueAtPlace } from './decode-value.ts';
import { historyLosses } from './history-loss.ts';
import { locateKey } from './locate-key.ts';
import { type ConfigFile, configFiles, type Place, placesOf, type RegistryEntry, registry } from './registry.ts';
import { renderConfigFile } from './render-config.ts';

export interface PlannedWrite {
  /** New contents; files that stay as they are are left out. */
  readonly files: readonly FileChange[];
  /** The keys whose value changes, in the order of the registry. */
  readonly changes: Changes;
  /** Those that make the node delete history; of a file that is missing, held against what the node does without it. */
  readonly losses: readonly Change[];
}

/**
 * Plans how the files become the model: a file that is missing is written complete, one that exists is edited, and keeps its comments and
 * the keys that the registry does not know. Only `writable` keys change.
 */
export const planWrite = async (
  disk: ConfigOnDisk,
  values: ConfigValues,
  writable: ReadonlySet<string>,
): Promise<PlannedWrite> => {
  const edits: Record<ConfigFile, ValueEdit[]> = { 'config.toml': [], 'app.toml': [] };
  for (const entry of registry().values()) {
    if (!writable.has(entry.key)) continue;
    for (const place of placesOf(entry)) {
      const edit = editOf(disk, entry, place, values.get(entry.key));
      if (edit !== undefined) edits[place.file].push(edit);
    }
  }
  const files: FileChange[] = [];
  for (const name of configFiles) {
    const { text, path } = disk.files[name];
    if (text === undefined) {
      if (edits[name].length > 0) files.push({ name, content: renderConfigFile(name, values) });
      continue;
    }
    const content = await editToml(text, edits[name], path);
    if (content !== text) files.push({ name, content });
  }
  const changes = joinChanges(configFiles.map((name) => changesOf(name, disk.files[name].document, edits[name])));
  const { document: app } = disk.files['app.toml'];
  const losses = historyLosses(app, withEdits(app, edits['app.toml']));
  return { files, changes, losses };
};

const editOf = (disk: ConfigOnDisk, entry: RegistryEntry, place: Place, value: ConfigValue): ValueEdit | undefined => {
  const { path, value: raw } = locateKey(disk.files[place.file].document, place.path, disk.dialect);
  const wanted = valueAtPlace(entry, place, value);
  // A node that is not Sei's gets no key that its files do not have.
  if (raw === undefined && disk.dialect === 'cometbft') return undefined;
  // What already means the same stays as it is written, for instance a number in quotes.
  const decoded = raw === undefined ? undefined : decodeValue(entry, raw);
  if (decoded !== undefined && 'value' in decoded && sameConfigValue(decoded.value, wanted)) return undefined;
  const encoded: DocumentValue | undefined = encodeValue(entry, wanted, raw);
  if (encoded === undefined) return raw === undefined ? undefined : { path };
  return raw !== undefined && sameValue(raw, encoded) ? undefined : { path, value: encoded };
};
