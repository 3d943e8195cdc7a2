import type { NodeMode } from '@nodetask/shared';
import type { ConfigOnDisk } from './config-files.ts';
import type { ConfigValue, ConfigValues } from './config-value.ts';
import { decodeValue } from './decode-value.ts';
import type { Diagnostic } from './diagnostic.ts';
import { locateKey } from './locate-key.ts';
import { quotedSetting } from './quoted-setting.ts';
import { currentVersion, isNodeMode, placesOf, registry } from './registry.ts';

/** The config model of what is on disk. */
export interface NodeConfig {
  readonly values: ConfigValues;
  /** Keys of the registry that the files have. */
  readonly present: ReadonlySet<string>;
  readonly mode: NodeMode;
  readonly version: number;
  /** What could not be read as it is, by field; an ERROR where a value is of a wrong type. */
  readonly problems: readonly Diagnostic[];
}

/**
 * Reads the model as seid reads its files: a missing key has no value and counts for the rules as Go's zero (not as a default), unknown keys are ignored,
 * quoted numbers are taken. The mode is that of app.toml's [sei] if it is one, else config.toml's, else full.
 */
export const readConfig = (disk: ConfigOnDisk): NodeConfig => {
  const values = new Map<string, ConfigValue>();
  const present = new Set<string>();
  const problems: Diagnostic[] = [];
  for (const entry of registry().values()) {
    const [place] = placesOf(entry);
    if (place === undefined) continue;
    const file = disk.files[place.file];
    const { path, value: raw } = locateKey(file.document, place.path, disk.dialect);
    if (raw === undefined) continue;
    present.add(entry.key);
    const decoded = decodeValue(entry, raw);
    if ('value' in decoded) values.set(entry.key, decoded.value);
    else
      problems.push({
        severity: 'ERROR',
        field: entry.key,
        message: `${path.join('.')} in ${file.path} ${decoded.fault}`,
      });
  }
  const mode = readMode(disk, values, present, problems);
  const version = readVersion(values, present, problems);
  values.set('mode', mode);
  values.set('version', BigInt(version));
  return { values, present, mode, version, problems };
};

const readMode = (
  disk: ConfigOnDisk,
  values: ConfigValues,
  present: ReadonlySet<string>,
  problems: Diagnostic[],
): NodeMode => {
  const stored = values.get('mode');
  if (isNodeMode(stored)) return stored;
  const { value: other } = locateKey(disk.files['config.toml'].document, ['mode'], disk.dialect);
  const mode = isNodeMode(other) ? other : 'full';
  const wrong = present.has('mode') ? stored : isNodeMode(other) ? undefined : other;
  if (wrong !== undefined) {
    problems.push({
      severity: 'WARNING',
      field: 'mode',
      message: `${quotedSetting('mode', wrong)} is no mode; the node counts as ${mode}`,
    });
  }
  return mode;
};

const readVersion = (values: ConfigValues, present: ReadonlySet<string>, problems: Diagnostic[]): number => {
  const stored = values.get('version');
  if (typeof stored === 'bigint' && stored >= 1n) return Number(stored);
  if (present.has('version')) {
    problems.push({
      severity: 'WARNING',
      field: 'version',
      message: `${quotedSetting('version', stored)} is no version; the files count as version ${currentVersion}`,
    });
  }
  return currentVersion;
};
