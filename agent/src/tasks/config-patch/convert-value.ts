import { TaskError } from '@nodetask/shared';
import {
  type DocumentTable,
  type DocumentValue,
  formatPath,
  isList,
  isTable,
  type KeyPath,
} from '../../node/document-value.ts';
import type { DocumentFormat } from './document-format.ts';

/** A value of a JSON patch (no table at its top) as the document has it, by the value that it replaces. Throws TaskError `patch-invalid`. */
export const convertValue = (
  value: unknown,
  old: DocumentValue | undefined,
  format: DocumentFormat,
  path: KeyPath,
): DocumentValue => {
  if (typeof value === 'boolean') return value;
  if (typeof value === 'string') return convertString(value, old, format, path);
  if (typeof value === 'number') return convertNumber(value, old, format, path);
  if (value === null) return convertNull(format, path);
  if (Array.isArray(value)) {
    return value.map((item: unknown, index) =>
      convertItem(item, templateOf(old, index), format, [...path, String(index)]),
    );
  }
  return refusePatch(format, path, `is ${typeof value}`, 'give a JSON value');
};

export const refusePatch = (format: DocumentFormat, path: KeyPath, what: string, hint: string): never => {
  throw new TaskError('patch-invalid', `${format.file}: ${formatPath(path)} ${what}: ${hint}`);
};

/** The fitting item of the list that is replaced: the one in the same place, else the first, if all are of one kind. */
const templateOf = (old: DocumentValue | undefined, index: number): DocumentValue | undefined => {
  if (!isList(old)) return undefined;
  const [first] = old;
  return old[index] ?? (old.every((item) => kindOf(item) === kindOf(first)) ? first : undefined);
};

const kindOf = (value: DocumentValue | undefined): string =>
  isList(value) ? 'list' : value instanceof Date ? 'date' : isTable(value) ? 'table' : typeof value;

/** Inside a list RFC 7386 merges nothing: objects are taken as they are. */
const convertItem = (
  item: unknown,
  old: DocumentValue | undefined,
  format: DocumentFormat,
  path: KeyPath,
): DocumentValue => {
  if (path.length > 64) refusePatch(format, path, 'lies deeper than 64 levels', 'make the patch shallower');
  if (typeof item !== 'object' || item === null || Array.isArray(item)) return convertValue(item, old, format, path);
  const oldTable: DocumentTable = isTable(old) ? old : {};
  const members = Object.entries(item).map(([key, member]): readonly [string, DocumentValue] => [
    key,
    convertItem(member, Object.hasOwn(oldTable, key) ? oldTable[key] : undefined, format, [...path, key]),
  ]);
  return Object.fromEntries(members);
};

const convertNull = (format: DocumentFormat, path: KeyPath): DocumentValue =>
  format.kind === 'json' ? null : refusePatch(format, path, 'is null inside a list', 'TOML has no null; leave it out');

const convertNumber = (
  value: number,
  old: DocumentValue | undefined,
  format: DocumentFormat,
  path: KeyPath,
): DocumentValue => {
  if (!Number.isFinite(value)) return refusePatch(format, path, `is ${value}`, 'give a finite number');
  const whole = Number.isInteger(value);
  if (whole && !Number.isSafeInteger(value)) {
    return refusePatch(
      format,
      path,
      `is ${value}, beyond ±(2^53-1), where JSON rounds integers`,
      `give it as a string, "${BigInt(value)}"`,
    );
  }
  if (typeof old === 'string') return String(value);
  if (format.kind === 'json') return value === old ? old : whole ? BigInt(value) : value;
  if (typeof old === 'number') return value;
  if (typeof old === 'bigint' && !whole) {
    return refusePatch(
      format,
      path,
      `is the integer ${old}, and ${value} is not an integer`,
      'give an integer, or remove the key in a task before this one to change its type',
    );
  }
  if (typeof old === 'boolean' || old instanceof Date) {
    const what = typeof old === 'boolean' ? 'true or false' : 'a date';
    return refusePatch(
      format,
      path,
      `is ${what}, and ${value} is a number`,
      'give a value of the same type, or remove the key in a task before this one',
    );
  }
  return whole ? BigInt(value) : value;
};

const convertString = (
  value: string,
  old: DocumentValue | undefined,
  format: DocumentFormat,
  path: KeyPath,
): DocumentValue => {
  if (!value.isWellFormed())
    return refusePatch(format, path, 'is not well-formed Unicode', 'give text that UTF-8 can hold');
  if (typeof old === 'bigint' && /^[+-]?\d{1,100}$/.test(value)) return convertDigits(value, format, path);
  if (typeof old === 'number' && /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/.test(value)) {
    if (Number.isFinite(Number(value))) return Number(value);
    return refusePatch(format, path, `is ${value}, which no 64-bit float holds`, 'give a smaller number');
  }
  return value;
};

const convertDigits = (value: string, format: DocumentFormat, path: KeyPath): bigint => {
  const integer = BigInt(value.replace(/^\+/, ''));
  if (format.kind === 'toml' && BigInt.asIntN(64, integer) !== integer) {
    return refusePatch(format, path, `is ${value}, and a TOML integer has 64 bits`, 'give one from -2^63 to 2^63-1');
  }
  return integer;
};
