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
export const locateKey = (document: DocumentTable, path: readonly string[], flavour: Flavour): Located => {
  const spelled: string[] = [];
  let value: DocumentValue | undefined = document;
  for (const key of path) {
    const table: DocumentTable | undefined = isTable(value) ? value : undefined;
    const found: string | undefined = table === undefined ? undefined : similarKey(table, key);
    spelled.push(found ?? (flavour === 'cometbft' ? withoutDashes(key) : key));
    value = found === undefined ? undefined : table?.[found];
  }
  return value === undefined ? { path: spelled } : { path: spelled, value };
};

/** How config.toml spells its keys. */
export type Flavour = 'sei' | 'cometbft';

/** Told by reading the file; CometBFT itself has a key or two with dashes, so the majority counts. */
export const flavourOf = (configToml: DocumentTable, paths: readonly (readonly string[])[]): Flavour => {
  let dashes = 0;
  let underscores = 0;
  for (const path of paths) {
    const { path: found, value } = locateKey(configToml, path, 'sei');
    if (value === undefined) continue;
    const last = found.at(-1) ?? '';
    if (last.includes('-')) dashes++;
    else if (last.includes('_')) underscores++;
  }
  return underscores > dashes ? 'cometbft' : 'sei';
};

const similarKey = (table: DocumentTable, key: string): string | undefined => {
  if (Object.hasOwn(table, key)) return key;
  const names = Object.keys(table);
  const plain = withoutDashes(key);
  return (
    names.find((name) => withoutDashes(name) === plain) ??
    names.find((name) => withoutDashes(name).toLowerCase() === plain.toLowerCase())
  );
};
