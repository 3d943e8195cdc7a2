import type { Dialect } from '@nodetask/shared';
import { type DocumentTable, isTable } from '../../../node/document-value.ts';
import { sdkAppKeys, seiAppKeys } from './app-keys.ts';
import { cometBFTKeys } from './cometbft-keys.ts';
import { seiKeys } from './sei-keys.ts';

/** Keys of a file that only one kind of node reads, by kind, as the file spells them. */
export type Evidence = Readonly<Record<Dialect, readonly string[]>>;

/** What the keys of config.toml tell. */
export const evidenceInConfig = (configToml: DocumentTable): Evidence =>
  evidence(configToml, { sei: seiKeys(), cometbft: cometBFTKeys() });

/** What the keys of app.toml tell. */
export const evidenceInApp = (appToml: DocumentTable): Evidence =>
  evidence(appToml, { sei: seiAppKeys(), cometbft: sdkAppKeys });

export type Verdict =
  { readonly kind: 'clear'; readonly dialect: Dialect } | { readonly kind: 'none' | 'contradiction' };

/** A file of one kind may hold a key of the other by mistake; with more of them nobody knows which are the mistake. */
const clearMajority = 4;

export const judge = ({ sei, cometbft }: Evidence): Verdict => {
  if (sei.length === 0 && cometbft.length === 0) return { kind: 'none' };
  if (sei.length >= clearMajority * cometbft.length) return { kind: 'clear', dialect: 'sei' };
  if (cometbft.length >= clearMajority * sei.length) return { kind: 'clear', dialect: 'cometbft' };
  return { kind: 'contradiction' };
};

const evidence = (document: DocumentTable, keys: Readonly<Record<Dialect, ReadonlySet<string>>>): Evidence => {
  const paths = pathsOf(document);
  const known = (dialect: Dialect): readonly string[] => paths.filter((path) => keys[dialect].has(path.toLowerCase()));
  return { sei: known('sei'), cometbft: known('cometbft') };
};

/** No key that tells something is longer. */
const maxPathCharacters = 128;

/** Every key and table that may tell something, dotted. */
const pathsOf = (table: DocumentTable, prefix = ''): readonly string[] =>
  Object.entries(table).flatMap(([key, value]) => {
    const path = prefix + key;
    if (path.length > maxPathCharacters) return [];
    return [path, ...(isTable(value) ? pathsOf(value, `${path}.`) : [])];
  });
