/** Values of configuration files as results, messages and logs may have them. docs/adr/0044-changes-and-public-keys.md */
import type { JsonValue } from '@nodetask/shared';
import { type DocumentValue, isList, isTable, type KeyPath } from '../../node/document-value.ts';
import { isPublic } from './known-keys/public-keys.ts';

/** Stands for each value that is not shown. */
export const hidden = '(hidden)';

const maxText = 100;
const maxList = 200;

/** A value for the output of a task: as JSON has it, or `(hidden)` if its key is not public. Long ones are cut. */
export const shownValue = (file: string, path: KeyPath, value: DocumentValue): JsonValue => {
  if (!isPublic(file, path) || isTable(value)) return hidden;
  if (!isList(value)) return shownScalar(value);
  // A list of a large genesis is not read, and stands as a placeholder.
  if (file === 'genesis.json' || value.some((item) => isList(item) || isTable(item))) return hidden;
  const items = value.slice(0, maxList).map(shownScalar);
  const text = JSON.stringify(items);
  return text.length <= maxList && items.length === value.length ? items : cut(text, maxList);
};

/** The same in a sentence: texts in quotes. */
export const quotedValue = (file: string, path: KeyPath, value: DocumentValue): string => {
  const shown = shownValue(file, path, value);
  if (shown === hidden) return hidden;
  return typeof value === 'bigint' ? cut(String(value), maxText) : cut(JSON.stringify(shown), maxText);
};

const shownScalar = (value: DocumentValue): JsonValue => {
  // An address has no place in a public key, and may have a password in it.
  if (typeof value === 'string') return /:\/\/|@/.test(value) ? hidden : cut(value, maxText);
  // JSON readers round larger ones.
  if (typeof value === 'bigint')
    return Number.isSafeInteger(Number(value)) ? Number(value) : cut(String(value), maxText);
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value);
  if (typeof value === 'boolean' || value === null) return value;
  return value instanceof Date ? dateText(value) : hidden;
};

const dateText = (value: Date): string => (Number.isNaN(value.getTime()) ? hidden : value.toISOString());

/** The beginning of a text that is longer. */
export const cut = (text: string, characters: number): string =>
  text.length > characters ? `${text.slice(0, characters - 1).replace(/[\uD800-\uDBFF]$/, '')}\u2026` : text;
