/** Changes of app.toml after which a node deletes blocks or states that it keeps now. docs/adr/0044-changes-and-public-keys.md */
import type { DocumentTable, DocumentValue, KeyPath, ValueEdit } from '../../node/document-value.ts';
import { sameValue } from '../../node/document-value.ts';
import { type Change, changesOf } from './changes.ts';
import { locateKey } from './locate-key.ts';

/** Together they say which states of the application a node keeps. */
const pruningKeys: readonly KeyPath[] = [
  ['pruning'],
  ['pruning-keep-recent'],
  ['pruning-keep-every'],
  ['pruning-interval'],
];

/** Keys that each say how many of the newest a node keeps, and what 0 means. */
const limits: readonly { readonly path: KeyPath; readonly zero: 'all' | 'none' }[] = [
  { path: ['min-retain-blocks'], zero: 'all' },
  { path: ['state-store', 'ss-keep-recent'], zero: 'all' },
  { path: ['state-commit', 'sc-keep-recent'], zero: 'none' },
];

/** Every key that can make a node lose history. */
export const historyKeys: readonly KeyPath[] = [...pruningKeys, ...limits.map(({ path }) => path)];

/** The changes between two states of app.toml that make its node delete what it keeps; empty if it keeps as much. */
export const historyLosses = (before: DocumentTable, after: DocumentTable): readonly Change[] => {
  const lost = limits.filter(({ path, zero }) => kept(after, path, zero) < kept(before, path, zero));
  const paths = [...(prunesMore(before, after) ? pruningKeys : []), ...lost.map(({ path }) => path)];
  return paths.flatMap((path) => {
    const [old, now] = [locateKey(before, path, 'sei'), locateKey(after, path, 'sei')];
    if (sameValue(old.value, now.value)) return [];
    const edit: ValueEdit = now.value === undefined ? { path: old.path } : { path: now.path, value: now.value };
    return changesOf('app.toml', old.value === undefined ? {} : before, [edit]).listed;
  });
};

const kept = (document: DocumentTable, path: KeyPath, zero: 'all' | 'none'): number => {
  const count = numberAt(document, path);
  return count === 0 && zero === 'all' ? Number.POSITIVE_INFINITY : count;
};

/** The states that a node keeps: the newest, and of the older ones each so manyth (0: none). */
interface KeptStates {
  readonly recent: number;
  readonly every: number;
}

const all: KeptStates = { recent: Number.POSITIVE_INFINITY, every: 1 };

const prunesMore = (before: DocumentTable, after: DocumentTable): boolean => {
  // A node does not start with a strategy that is none.
  const old = keptStates(before) ?? all;
  const now = keptStates(after) ?? all;
  if (now === all) return false;
  return now.recent < old.recent || (old.every > 0 && (now.every === 0 || old.every % now.every !== 0));
};

/** As the Cosmos SDK reads it, with the default of its flag for a key that is missing; undefined for a strategy that does not exist. */
const keptStates = (document: DocumentTable): KeptStates | undefined => {
  const { value = 'default' } = locateKey(document, ['pruning'], 'sei');
  const strategy: string = typeof value === 'string' ? value.trim().toLowerCase() : 'none';
  switch (strategy) {
    case 'nothing':
      return all;
    case '':
    case 'default':
      return { recent: 362_880, every: 0 };
    case 'everything':
      return { recent: 2, every: 0 };
    case 'custom': {
      const [recent, every, interval] = ['keep-recent', 'keep-every', 'interval'].map((name) =>
        numberAt(document, [`pruning-${name}`]),
      );
      return every === 1 || interval === 0 ? all : { recent: recent ?? 0, every: every ?? 0 };
    }
    default:
      return undefined;
  }
};

/** 0 where there is none, and for what is no number, as Go's cast library reads it. */
const numberAt = (document: DocumentTable, path: KeyPath): number => {
  const { value } = locateKey(document, path, 'sei');
  return numberOf(value);
};

const numberOf = (value: DocumentValue | undefined): number => {
  if (typeof value === 'bigint' || typeof value === 'number') return Math.max(0, Math.trunc(Number(value)) || 0);
  return typeof value === 'string' && /^\s*\+?\d{1,20}\s*$/.test(value) ? Number(value) : 0;
};
