import { type DocumentTable, type DocumentValue, isList, isTable, type KeyPath } from '../../node/document-value.ts';
import type { DocumentFormat } from './document-format.ts';
import { refusePatch } from './refuse-patch.ts';
import { checkKind, kindOf } from './value-kind.ts';

/**
 * A value of a JSON patch (no table at its top) as the document has it, by the value that it replaces: of the same kind, in a TOML file.
 * Throws TaskError `patch-invalid`.
 */
export const convertValue = (
  value: unknown,
  old: DocumentValue | undefined,
  format: DocumentFormat,
  path: KeyPath,
): DocumentValue => {
  const converted = convert(value, old, format, path);
  checkKind(converted, old, format, path);
  return converted;
};

const convert = (
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
      convertItem(item, templateOf(old, index, item), format, [...path, String(index)]),
    );
  }
  return refusePatch(format, path, `is ${typeof value}`, 'give a JSON value');
};

/**
 * What an item of a new list must be like: the item in the same place, else the first, if all are of one kind. In a list of several kinds
 * a number takes the type of the one in its place, and everything else is free.
 */
const templateOf = (old: DocumentValue | undefined, index: number, item: unknown): DocumentValue | undefined => {
  if (!isList(old)) return undefined;
  const [first] = old;
  const at = old[index];
  if (first === undefined) return undefined;
  if (old.every((other) => kindOf(other) === kindOf(first))) return at ?? first;
  const fits =
    (typeof at === 'bigint' && (Number.isInteger(item) || isDigits(item))) ||
    (typeof at === 'number' && (typeof item === 'number' || isDecimal(item)));
  return fits ? at : undefined;
};

/** Inside a list RFC 7386 merges nothing: objects are taken as they are. */
const convertItem = (
  item: unknown,
  old: DocumentValue | undefined,
  format: DocumentFormat,
  path: KeyPath,
): DocumentValue => {
  if (path.length > 64) refusePatch(format, path, 'lies deeper than 64 levels', 'make the patch shallower');
  if (typeof item !== 'object' || item === null || Array.isArray(item)) return convertValue(item, old, format, path);
  checkKind({}, old, format, path);
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
  if (typeof old === 'bigint' && isDigits(value)) return convertDigits(value, format, path);
  if (typeof old === 'number' && isDecimal(value)) {
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

const isDigits = (value: unknown): boolean => typeof value === 'string' && /^[+-]?\d{1,100}$/.test(value);

const isDecimal = (value: unknown): boolean =>
  typeof value === 'string' && /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?$/.test(value);
