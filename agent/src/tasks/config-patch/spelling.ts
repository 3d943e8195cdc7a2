import { TaskError } from '@nodetask/shared';
import {
  type DocumentTable,
  type DocumentValue,
  formatPath,
  isTable,
  type KeyPath,
} from '../../node/document-value.ts';
import { withoutCase } from '../config/case-twins.ts';
import { withoutDashes } from '../config/without-dashes.ts';
import type { DocumentFormat } from './document-format.ts';

/** The key that a node reads where `asked` is written: in TOML one of another case may be there, which is the same key to viper. */
export const keyInAnyCase = (table: DocumentTable, asked: string, format: DocumentFormat): string | undefined => {
  if (format.kind === 'json') return Object.hasOwn(table, asked) ? asked : undefined;
  const name = asked.toLowerCase();
  const same = Object.keys(table).filter((key) => key.toLowerCase() === name);
  return withoutCase(same.map((key) => [key, key])).get(name);
};

/**
 * The key of a table that `asked` means: itself, or in TOML the one that differs only in case, or in `-` and `_`. Sei writes `persistent-peers` where
 * CometBFT writes `persistent_peers`; a second key beside the existing one would be ignored by the node.
 */
export const spellKey = (table: DocumentTable, asked: string, at: KeyPath, format: DocumentFormat): string => {
  if (format.kind === 'json') return asked;
  const same = keyInAnyCase(table, asked, format);
  if (same !== undefined) return same;
  const plain = withoutDashes(asked);
  const candidates = Object.keys(table).filter((key) => withoutDashes(key) === plain);
  if (candidates.length > 1) {
    throw new TaskError(
      'patch-invalid',
      `${format.file}: ${formatPath([...at, asked])} is not in the file, which has ${candidates.map((key) => formatPath([...at, key])).join(' and ')}: name one of them`,
    );
  }
  return candidates[0] ?? asked;
};

export const spellPath = (document: DocumentTable, asked: KeyPath, format: DocumentFormat): KeyPath => {
  const path: string[] = [];
  let table: DocumentTable | undefined = document;
  for (const key of asked) {
    const spelled: string = table === undefined ? key : spellKey(table, key, path, format);
    const next: DocumentValue | undefined =
      table !== undefined && Object.hasOwn(table, spelled) ? table[spelled] : undefined;
    table = isTable(next) ? next : undefined;
    path.push(spelled);
  }
  return path;
};
