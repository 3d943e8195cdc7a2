/** How viper, by which CometBFT and the Cosmos SDK read their files, makes a value of a Go type of what TOML has, weakly typed as it does. */
import { type DocumentValue, isList, isTable } from '../../../node/document-value.ts';
import { parseGoDuration } from '../go-duration.ts';
import type { KnownKey } from '../known-keys/known-keys.ts';
import { weakText } from '../weak-text.ts';

export type GoValue = string | boolean | bigint | readonly string[];

export type Decoded = { readonly value: GoValue } | { readonly fault: string } | 'not-checked';

export const decodeAsViper = (type: KnownKey['type'], raw: DocumentValue): Decoded => {
  switch (type) {
    case 'bool':
      return decodeBool(raw);
    case 'int':
    case 'int32':
    case 'int64':
    case 'uint':
    case 'uint32':
    case 'uint64':
      return decodeInteger(raw, type);
    case 'duration':
      return decodeDuration(raw);
    case 'string':
      return decodeString(raw);
    case 'string[]':
      return decodeStrings(raw);
    case 'string[][]':
    case 'table[]':
    case 'deprecated':
      return 'not-checked';
    default:
      return type satisfies never;
  }
};

const trueWords = new Set(['1', 't', 'T', 'TRUE', 'true', 'True']);
const falseWords = new Set(['', '0', 'f', 'F', 'FALSE', 'false', 'False']);

const decodeBool = (raw: DocumentValue): Decoded => {
  if (typeof raw === 'boolean') return { value: raw };
  if (typeof raw === 'bigint' || typeof raw === 'number') return { value: Number(raw) !== 0 };
  if (typeof raw === 'string') {
    if (trueWords.has(raw)) return { value: true };
    if (falseWords.has(raw)) return { value: false };
  }
  return { fault: 'must be true or false' };
};

const decodeInteger = (raw: DocumentValue, type: KnownKey['type']): Decoded => {
  const number = numberOf(raw);
  if (number !== undefined) return { value: number };
  if (typeof raw === 'string') {
    const parsed = raw === '' ? 0n : parseGoInteger(raw);
    if (parsed !== undefined && fits(parsed, type)) return { value: parsed };
    return { fault: `must be a number that fits ${type}` };
  }
  return { fault: 'must be a number' };
};

const decodeDuration = (raw: DocumentValue): Decoded => {
  const nanoseconds = typeof raw === 'string' ? parseGoDuration(raw) : numberOf(raw);
  return nanoseconds === undefined
    ? { fault: 'must be a duration such as 500ms, 10s, 1m30s or 168h: without blanks, and the largest unit is h' }
    : { value: nanoseconds };
};

const numberOf = (raw: DocumentValue): bigint | undefined => {
  if (typeof raw === 'bigint') return raw;
  if (typeof raw === 'boolean') return raw ? 1n : 0n;
  return typeof raw === 'number' ? BigInt(Number.isFinite(raw) ? Math.trunc(raw) : 0) : undefined;
};

const decodeString = (raw: DocumentValue): Decoded => {
  const value = weakText(raw);
  return value === undefined ? { fault: 'must be text' } : { value };
};

const decodeStrings = (raw: DocumentValue): Decoded => {
  if (typeof raw === 'string') return { value: raw === '' ? [] : raw.split(',') };
  if (isTable(raw)) return Object.keys(raw).length === 0 ? { value: [] } : { fault: 'must be a list of texts' };
  const values = (isList(raw) ? raw : [raw]).map(weakText);
  return values.every((value) => typeof value === 'string') ? { value: values } : { fault: 'must be a list of texts' };
};

/** As strconv.ParseInt reads it with base 0: decimal, 0x, 0o, 0b, a leading 0 as octal, `_` between digits. */
export const parseGoInteger = (text: string): bigint | undefined => {
  if (text.length > 80) return undefined;
  const [, sign = '', digits = ''] = /^([+-]?)(.*)$/s.exec(text) ?? [];
  const octal = /^0_?([0-7](?:_?[0-7])*)$/.exec(digits);
  const plain =
    octal === null
      ? /^(?:0|[1-9](?:_?\d)*|0[xX](?:_?[0-9a-fA-F])+|0[oO](?:_?[0-7])+|0[bB](?:_?[01])+)$/.test(digits)
        ? digits.toLowerCase()
        : undefined
      : `0o${octal[1]}`;
  if (plain === undefined) return undefined;
  const value = BigInt(plain.replaceAll('_', ''));
  return sign === '-' ? -value : value;
};

const fits = (value: bigint, type: KnownKey['type']): boolean => {
  const bits = type.endsWith('32') ? 32 : 64;
  return type.startsWith('u') ? BigInt.asUintN(bits, value) === value : BigInt.asIntN(bits, value) === value;
};
