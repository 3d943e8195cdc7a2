import type { Dialect } from '@nodetask/shared';
import { type DocumentTable, type DocumentValue, isTable } from '../../node/document-value.ts';
import { withoutDashes } from '../config-patch/spelling.ts';

/** Where a key of the registry is in a parsed file, and its value there. */
export interface Located {
  /** As the file spells it. */
  readonly path: readonly string[];
  /** Absent where the file has no such key. */
  readonly value?: DocumentValue;
}

/**
 * Finds a key in a file that may spell it with underscores (CometBFT) or dashes (Sei), or in another case, which viper, the config library
 * of nodes, ignores. An exact spelling wins.
 */
export const locateKey = (document: DocumentTable, path: readonly string[], dialect: Dialect): Located => {
  const spelled: string[] = [];
  let value: DocumentValue | undefined = document;
  for (const key of path) {
    const table: DocumentTable | undefined = isTable(value) ? value : undefined;
    const found: string | undefined = table === undefined ? undefined : similarKey(table, key);
    spelled.push(found ?? (dialect === 'cometbft' ? withoutDashes(key) : key));
    value = found === undefined ? undefined : table?.[found];
  }
  return value === undefined ? { path: spelled } : { path: spelled, value };
};

const similarKey = (table: DocumentTable, key: string): string | undefined => {
  if (Object.hasOwn(table, key)) return key;
  const { plain, lower } = spellingsOf(table);
  return plain.get(withoutDashes(key)) ?? lower.get(withoutDashes(key).toLowerCase());
};

/** The keys of a table by how they read without dashes, and in lower case too; of several that read the same, the first. */
interface Spellings {
  readonly plain: ReadonlyMap<string, string>;
  readonly lower: ReadonlyMap<string, string>;
}

/** Each key of the registry is looked for in the same few tables, and a table may have many keys. Tables never change. */
const spellings = new WeakMap<DocumentTable, Spellings>();

const spellingsOf = (table: DocumentTable): Spellings => {
  const known = spellings.get(table);
  if (known !== undefined) return known;
  // Backwards, so that the first one stays.
  const names = Object.keys(table).toReversed();
  const made: Spellings = {
    plain: new Map(names.map((name) => [withoutDashes(name), name])),
    lower: new Map(names.map((name) => [withoutDashes(name).toLowerCase(), name])),
  };
  spellings.set(table, made);
  return made;
};
