import { type DocumentTable, valueAt } from '../../../node/document-value.ts';
import { isSecretKey } from '../../secret-keys.ts';
import type { ConfigOnDisk } from '../config-files.ts';
import type { Diagnostic } from '../diagnostic.ts';
import { cometBFTVersions, sdkVersions } from '../known-keys/known-keys.ts';
import { appRefusals } from './app-refusals.ts';
import { cometBFTRefusals } from './cometbft-refusals.ts';
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
    ...diagnose('CometBFT', config, versions, (version) => cometBFTRefusals(config.document, version, inSDK)),
    ...(inSDK ? diagnose('Cosmos SDK', app, sdkVersions, (version) => appRefusals(app.document, version)) : []),
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
      message: `${shown(document, key)} in ${path} ${why}${who}`,
    };
  });
};

const maxShown = 100;

const shown = (document: DocumentTable, key: string): string => {
  const value = valueAt(document, key.split('.'));
  if (value === undefined) return 'the value';
  if (isSecretKey(key)) return '(hidden)';
  const text = JSON.stringify(value, (_, inner: unknown) => (typeof inner === 'bigint' ? String(inner) : inner));
  return text.length > maxShown ? `${text.slice(0, maxShown)}\u2026` : text;
};
