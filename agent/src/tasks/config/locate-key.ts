import type { Dialect } from '@nodetask/shared';
import { type DocumentTable, type DocumentValue, isTable } from '../../node/document-value.ts';
import { withoutCase } from './case-twins.ts';
import { withoutDashes } from './without-dashes.ts';
import { spellingsOf } from './dialect/known-spellings.ts';

/** Where a key of the registry is in a parsed file, and its value there. */
export interface Located {
  /** As the file spells it. */
  readonly path: readonly string[];
  /** Absent where the file has no such key. */
  readonly value?: DocumentValue;
}

/**
 * Finds a key, given as Sei spells it, where the node reads it: config.toml spells it with underscores for CometBFT, with dashes for Sei, and
 * the node ignores a key in the other spelling. The case may differ: viper, the config library of nodes, ignores it. A key that is not known to
 * be spelled in one way is found in either.
 */
export const locateKey = (document: DocumentTable, path: readonly string[], dialect: Dialect): Located => {
  const spelled: string[] = [];
  let value: DocumentValue | undefined = document;
  for (const [index, key] of path.entries()) {
    const table: DocumentTable | undefined = isTable(value) ? value : undefined;
    const read = spellingsOf(path.slice(0, index + 1))[dialect];
    const found: string | undefined = table === undefined ? undefined : keyIn(table, read ?? key, read !== undefined);
    spelled.push(found ?? read ?? (dialect === 'cometbft' ? withoutDashes(key) : key));
    value = found === undefined ? undefined : table?.[found];
  }
  return value === undefined ? { path: spelled } : { path: spelled, value };
};

const keyIn = (table: DocumentTable, key: string, isExact: boolean): string | undefined => {
  const { plain, lower, exact } = spellingsIn(table);
  const found = exact.get(key.toLowerCase());
  if (found !== undefined || isExact) return found;
  return plain.get(withoutDashes(key)) ?? lower.get(withoutDashes(key).toLowerCase());
};

/** The keys of a table by how they read in lower case, without dashes, and both; of several that read the same, the first, or the one that counts. */
interface TableSpellings {
  readonly exact: ReadonlyMap<string, string>;
  readonly plain: ReadonlyMap<string, string>;
  readonly lower: ReadonlyMap<string, string>;
}

/** Each key of the registry is looked for in the same few tables, and a table may have many keys. Tables never change. */
const spellings = new WeakMap<DocumentTable, TableSpellings>();

const spellingsIn = (table: DocumentTable): TableSpellings => {
  const known = spellings.get(table);
  if (known !== undefined) return known;
  // Backwards, so that the first one stays.
  const names = Object.keys(table).toReversed();
  const made: TableSpellings = {
    exact: withoutCase(names.map((name) => [name, name])),
    plain: new Map(names.map((name) => [withoutDashes(name), name])),
    lower: new Map(names.map((name) => [withoutDashes(name).toLowerCase(), name])),
  };
  spellings.set(table, made);
  return made;
};
