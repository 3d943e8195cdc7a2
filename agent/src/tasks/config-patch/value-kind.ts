import { type DocumentValue, formatPath, isList, isTable, type KeyPath } from '../../node/document-value.ts';
import { hidden, quotedValue } from '../config/shown-value.ts';
import type { DocumentFormat } from './document-format.ts';
import { refusePatch } from './refuse-patch.ts';

/** What a value is; a TOML file has no null. */
export type ValueKind = 'text' | 'boolean' | 'integer' | 'float' | 'date' | 'list' | 'table' | 'null';

export const kindOf = (value: DocumentValue): ValueKind => {
  if (value === null) return 'null';
  if (value instanceof Date) return 'date';
  if (isList(value)) return 'list';
  if (isTable(value)) return 'table';
  if (typeof value === 'string') return 'text';
  if (typeof value === 'boolean') return 'boolean';
  return typeof value === 'bigint' ? 'integer' : 'float';
};

const names: Readonly<Record<ValueKind, string>> = {
  text: 'a text',
  boolean: 'true or false',
  integer: 'an integer',
  float: 'a float',
  date: 'a date',
  list: 'a list',
  table: 'a table',
  null: 'null',
};

/**
 * Refuses a value of another kind than the one that it replaces in a TOML file: a node that reads `many` where a number is to be does not
 * start. JSON is patched as RFC 7386 has it. Throws TaskError `patch-invalid`.
 */
export const checkKind = (
  value: DocumentValue,
  old: DocumentValue | undefined,
  format: DocumentFormat,
  path: KeyPath,
): void => {
  if (format.kind === 'json' || old === undefined || kindOf(value) === kindOf(old)) return;
  refusePatch(
    format,
    path,
    `is ${names[kindOf(old)]}${shown(old, format, path)}, and the patch gives ${names[kindOf(value)]}${shown(value, format, path)}`,
    `give ${names[kindOf(old)]}, or remove ${formatPath(path)} in a task before this one to change its kind`,
  );
};

/** A value as a message can have it; nothing if its key is not public. */
const shown = (value: DocumentValue, { file }: DocumentFormat, path: KeyPath): string => {
  if (value === null || isList(value) || isTable(value)) return '';
  const text = quotedValue(file, path, value);
  return text === hidden ? '' : ` (${text})`;
};
