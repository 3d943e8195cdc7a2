import { type DocumentTable, valueAt } from '../../../node/document-value.ts';
import type { ConfigOnDisk } from '../config-files.ts';
import type { Diagnostic } from '../diagnostic.ts';
import { cometBFTVersions, sdkVersions } from '../known-keys/known-keys.ts';
import type { ConfigFile } from '../registry.ts';
import { appRefusals } from './app-refusals.ts';
import { cometBFTRefusals } from './cometbft-refusals.ts';
import { quotedValue } from '../shown-value.ts';
import type { Refusal } from './refusal.ts';

/**
 * The values that keep a CometBFT node, or one of the Cosmos SDK, from starting. A value is an ERROR if each version refuses it that may be the node's,
 * and a WARNING that names the versions if only some do. The `version` that CometBFT's init writes into config.toml tells which it may be.
 */
export const nodeDiagnostics = (disk: ConfigOnDisk): readonly Diagnostic[] => {
  const { 'config.toml': config, 'app.toml': app } = disk.files;
  const inSDK = app.text !== undefined;
  const versions = likelyVersions(config.document);
  return [
    ...diagnose('CometBFT', 'config.toml', config, versions, (version) =>
      cometBFTRefusals(config.document, version, inSDK),
    ),
    ...(inSDK
      ? diagnose('Cosmos SDK', 'app.toml', app, sdkVersions, (version) => appRefusals(app.document, version))
      : []),
    { severity: 'INFO', field: 'config.toml', message: scope(versions, inSDK) },
  ];
};

const scope = (versions: readonly string[], inSDK: boolean): string =>
  `is held against what CometBFT ${versions.join(', ')}${inSDK ? ` and the Cosmos SDK ${sdkVersions.join(', ')}` : ''} reads and refuses; keys of the chain itself, the network, other files and what flags or variables of the node set are not checked`;

const likelyVersions = (document: DocumentTable): readonly string[] => {
  const written = valueAt(document, ['version']);
  const minor = typeof written === 'string' ? /^\d{1,3}\.\d{1,3}\./.exec(written)?.[0] : undefined;
  const same = cometBFTVersions.filter((version) => minor !== undefined && version.startsWith(`v${minor}`));
  return same.length === 0 ? cometBFTVersions : same;
};

const diagnose = (
  software: string,
  file: ConfigFile,
  { path, document }: { readonly path: string; readonly document: DocumentTable },
  versions: readonly string[],
  refusalsOf: (version: string) => readonly Refusal[],
): readonly Diagnostic[] => {
  const found = new Map<string, { readonly refusal: Refusal; readonly by: string[] }>();
  for (const version of versions) {
    for (const refusal of refusalsOf(version)) {
      const entry = found.get(refusal.key) ?? { refusal, by: [] };
      if (!entry.by.includes(version)) entry.by.push(version);
      found.set(refusal.key, entry);
    }
  }
  return [...found.values()].map(({ refusal: { key, why }, by }) => {
    const all = by.length === versions.length;
    const who = all
      ? ''
      : `: ${software} ${by.join(', ')} ${by.length === 1 ? 'refuses' : 'refuse'} it, other versions do not`;
    return {
      severity: all ? 'ERROR' : 'WARNING',
      field: key,
      message: `${shown(file, document, key)} in ${path} ${why}${who}`,
    };
  });
};

const shown = (file: ConfigFile, document: DocumentTable, key: string): string => {
  const path = key.split('.');
  const value = valueAt(document, path);
  return value === undefined ? 'the value' : quotedValue(file, path, value);
};
