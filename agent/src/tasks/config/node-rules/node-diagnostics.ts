import { type DocumentTable, valueAt } from '../../../node/document-value.ts';
import type { ConfigOnDisk, FileOnDisk } from '../config-files.ts';
import type { Diagnostic } from '../diagnostic.ts';
import { cometBFTKnownKeys, type KnownKey } from '../known-keys/known-keys.ts';
import { sdkVersions } from '../known-keys/versions.ts';
import type { ConfigFile } from '../registry.ts';
import { quotedValue } from '../shown-value.ts';
import { appKeys, appRefusals } from './app-refusals.ts';
import { cometBFTRefusals } from './cometbft-refusals.ts';
import { conflictsOf, isFatal, listenersOf } from './listeners.ts';
import { likelyVersions, valuesOfNode } from './node-values.ts';
import type { Refusal } from './refusal.ts';

/**
 * The values that keep a CometBFT node, or one of the Cosmos SDK, from starting. A value is an ERROR if each version refuses it that may be the node's
 * and reads the key, and a WARNING that names the versions if only some do, or if the node starts and does not work as the value says.
 */
export const nodeDiagnostics = (disk: ConfigOnDisk): readonly Diagnostic[] => {
  const { 'config.toml': config, 'app.toml': app } = disk.files;
  const inSDK = app.text !== undefined;
  const versions = likelyVersions(config.document);
  const backend = valueAt(config.document, ['db_backend']);
  const configBackend = typeof backend === 'string' ? backend : '';
  return [
    ...diagnose('CometBFT', 'config.toml', config, versions, cometBFTKnownKeys(), (version) =>
      cometBFTRefusals(config.document, version, inSDK),
    ),
    ...(inSDK
      ? diagnose('Cosmos SDK', 'app.toml', app, sdkVersions, appKeys(), (version) =>
          appRefusals(app.document, version, configBackend),
        )
      : []),
    ...conflictDiagnostics(disk),
    { severity: 'INFO', field: 'config.toml', message: scope(versions, inSDK) },
  ];
};

const scope = (versions: readonly string[], inSDK: boolean): string =>
  `is held against what CometBFT ${versions.join(', ')}${inSDK ? ` and the Cosmos SDK ${sdkVersions.join(', ')}` : ''} reads and refuses; keys of the chain itself, the network, and what flags or variables of the node set are not checked`;

/** What the versions say of one key. */
interface Finding<Version> {
  /** The first that has no doubt, else the first. */
  why: string;
  readonly refusing: Version[];
  readonly doubting: Version[];
}

const diagnose = <Version extends string>(
  software: string,
  file: ConfigFile,
  { path, document }: FileOnDisk,
  versions: readonly Version[],
  keys: ReadonlyMap<string, KnownKey<Version>>,
  refusalsOf: (version: Version) => readonly Refusal[],
): readonly Diagnostic[] => {
  const found = new Map<string, Finding<Version>>();
  for (const version of versions) {
    for (const { key, why, doubt } of refusalsOf(version)) {
      const finding = found.get(key) ?? { why, refusing: [], doubting: [] };
      if (doubt === undefined && finding.refusing.length === 0) finding.why = why;
      const list = doubt === undefined ? finding.refusing : finding.doubting;
      if (!list.includes(version)) list.push(version);
      found.set(key, finding);
    }
  }
  return [...found].map(([key, { why, refusing, doubting }]) => {
    const readers = versions.filter((version) => keys.get(key)?.versions?.includes(version) ?? true);
    const isError = refusing.length === readers.length;
    const who = isError && readers.length === versions.length ? '' : ofWhich(software, readers, refusing, doubting);
    return {
      severity: isError ? 'ERROR' : 'WARNING',
      field: key,
      message: `${shown(file, document, key)} in ${path} ${why}${who}`,
    };
  });
};

const ofWhich = (
  software: string,
  readers: readonly string[],
  refusing: readonly string[],
  doubting: readonly string[],
): string => {
  if (refusing.length === 0) return doubting.length === readers.length ? '' : ` (${software} ${doubting.join(', ')})`;
  const others = refusing.length === readers.length ? 'other versions do not read it' : 'other versions do not';
  return `: ${software} ${refusing.join(', ')} ${refusing.length === 1 ? 'refuses' : 'refuse'} it, ${others}`;
};

/** An ERROR if all versions that may be the node's cannot do without either of the two listeners. */
const conflictDiagnostics = (disk: ConfigOnDisk): readonly Diagnostic[] => {
  const all = valuesOfNode(disk).map((values) => conflictsOf(listenersOf(values)));
  const byKeys = new Map(all.flat().map((conflict) => [`${conflict.one.key} ${conflict.other.key}`, conflict]));
  return [...byKeys].map(([keys, conflict]) => {
    const { one, other } = conflict;
    const inAll = all.every((conflicts) => conflicts.some((each) => `${each.one.key} ${each.other.key}` === keys));
    const isError = inAll && isFatal(conflict);
    const { path, document } = disk.files[other.file];
    return {
      severity: isError ? 'ERROR' : 'WARNING',
      field: other.key,
      message: `${shown(other.file, document, other.key)} in ${path} is the port of ${one.key} in ${one.file} too: ${isError ? 'the node does not start' : 'the node starts without one of the two, or not at all'}; give each its own`,
    };
  });
};

const shown = (file: ConfigFile, document: DocumentTable, key: string): string => {
  const path = key.split('.');
  const value = valueAt(document, path);
  return value === undefined ? 'the value' : quotedValue(file, path, value);
};
