import { type DocumentValue, sameValue, type ValueEdit } from '../../node/document-value.ts';
import type { FileChange } from '../../node/file-transaction.ts';
import { editToml } from '../../node/toml/edit-toml.ts';
import type { ConfigOnDisk } from './config-files.ts';
import { type ConfigValue, type ConfigValues, sameConfigValue } from './config-value.ts';
import { decodeValue, encodeValue, valueAtPlace } from './decode-value.ts';
import { locateKey } from './locate-key.ts';
import { type ConfigFile, configFiles, type Place, placesOf, type RegistryEntry, registry } from './registry.ts';
import { renderConfigFile } from './render-config.ts';

export interface PlannedWrite {
  /** New contents; files that stay as they are are left out. */
  readonly changes: readonly FileChange[];
  /** Registry keys whose value changes, in the order of the registry. */
  readonly changed: readonly string[];
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
  const changed: string[] = [];
  for (const entry of registry().values()) {
    if (!writable.has(entry.key)) continue;
    const before = edits['config.toml'].length + edits['app.toml'].length;
    for (const place of placesOf(entry)) {
      const edit = editOf(disk, entry, place, values.get(entry.key));
      if (edit !== undefined) edits[place.file].push(edit);
    }
    if (edits['config.toml'].length + edits['app.toml'].length > before) changed.push(entry.key);
  }
  const changes: FileChange[] = [];
  for (const name of configFiles) {
    const { text, path } = disk.files[name];
    if (text === undefined) {
      if (edits[name].length > 0) changes.push({ name, content: renderConfigFile(name, values) });
      continue;
    }
    const content = await editToml(text, edits[name], path);
    if (content !== text) changes.push({ name, content });
  }
  return { changes, changed };
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
