import { type DocumentValue, isList } from '../../node/document-value.ts';
import { formatGoDuration, parseGoDuration } from './go-duration.ts';
import { type ConfigValue, integerRange, type IntegerType, isIntegerType } from './config-value.ts';
import { quotedRaw } from './quoted-setting.ts';
import type { Place, RegistryEntry } from './registry.ts';
import { weakText } from './weak-text.ts';

/** A value read from a file, or why it cannot be one of its type. */
export type Decoded = { readonly value: ConfigValue } | { readonly fault: string };

/**
 * The value that a TOML value means, as leniently as seid reads it: its own template writes some numbers and booleans in quotes, floats are
 * cut to integers, a boolean is the text "1" or "0". Empty text where a number or a boolean belongs is a fault.
 */
export const decodeValue = (entry: RegistryEntry, raw: DocumentValue): Decoded => {
  const { type } = entry;
  if (isIntegerType(type)) return decodeInteger(entry, type, raw);
  switch (type) {
    case 'string':
      return decodeString(entry, raw);
    case 'bool':
    case 'bool?':
      return decodeBoolean(entry, raw);
    case 'float64':
      return decodeFloat(entry, raw);
    case 'duration':
      return decodeDuration(entry, raw);
    case 'string[]':
      return decodeList(entry, raw);
    case 'string[][]':
      return decodeLists(entry, raw);
    default:
      return type satisfies never;
  }
};

/** The TOML value that a value is written as; undefined = the key is left out. `old` is what the file has there now. */
export const encodeValue = (
  entry: RegistryEntry,
  value: ConfigValue,
  old: DocumentValue | undefined,
): DocumentValue | undefined => {
  if (isJoinedList(entry)) return Array.isArray(value) ? value.join(',') : '';
  if (value === undefined || (leftOutWhenZero.has(entry.key) && isZero(value))) return undefined;
  if (entry.type === 'duration' && typeof value === 'bigint') return formatGoDuration(value);
  // CometBFT has one string, indexer = "kv", where Sei has a list.
  if (entry.type === 'string[]' && Array.isArray(value) && typeof old === 'string') return value.join(',');
  return value;
};

/**
 * Keys that Sei's own tool leaves out of a file where they have Go's zero, which means the same to the node. For chain.freeze_height that is not
 * known of the tool, and true of the node.
 */
const leftOutWhenZero: ReadonlySet<string> = new Set([
  'chain.freeze_height',
  'storage.state_commit.read_mode',
  'storage.state_commit.write_mode',
  'storage.state_store.evm_ss_split',
  'storage.state_store.read_mode',
  'storage.state_store.write_mode',
]);

const isZero = (value: ConfigValue): boolean => value === '' || value === false || value === 0n;

/** config.toml knows no archive mode: such a node is a full one there, and an archive in app.toml. */
export const valueAtPlace = (entry: RegistryEntry, place: Place, value: ConfigValue): ConfigValue =>
  entry.key === 'mode' && place.file === 'config.toml' && value === 'archive' ? 'full' : value;

/** state_sync.rpc_servers: a list in the registry, one string on disk. */
const isJoinedList = (entry: RegistryEntry): boolean => entry.key === 'state_sync.rpc_servers';

const decodeString = (entry: RegistryEntry, raw: DocumentValue): Decoded => {
  const value = weakText(raw);
  return value === undefined ? { fault: `is ${kindOf(entry, raw)}: write a string` } : { value };
};

const decodeBoolean = (entry: RegistryEntry, raw: DocumentValue): Decoded => {
  if (typeof raw === 'boolean') return { value: raw };
  if (typeof raw === 'bigint' || typeof raw === 'number') return { value: Number(raw) !== 0 };
  if (typeof raw === 'string' && /^(?:true|t|1)$/i.test(raw.trim())) return { value: true };
  if (typeof raw === 'string' && /^(?:false|f|0)$/i.test(raw.trim())) return { value: false };
  return { fault: `is ${kindOf(entry, raw)}: write true or false` };
};

const decodeInteger = (entry: RegistryEntry, type: IntegerType, raw: DocumentValue): Decoded => {
  const value = toInteger(raw);
  if (value === undefined) return { fault: `is ${kindOf(entry, raw)}: write an integer` };
  const { min, max } = integerRange(type);
  return value < min || value > max
    ? { fault: `is ${quotedRaw(entry, value)}, out of range: write an integer from ${min} to ${max}` }
    : { value };
};

const toInteger = (raw: DocumentValue): bigint | undefined => {
  if (typeof raw === 'bigint') return raw;
  if (typeof raw === 'boolean') return raw ? 1n : 0n;
  if (typeof raw === 'number') return Number.isFinite(raw) ? BigInt(Math.trunc(raw)) : undefined;
  return typeof raw === 'string' && /^[+-]?\d{1,40}$/.test(raw.trim())
    ? BigInt(raw.trim().replace(/^\+/, ''))
    : undefined;
};

const decodeFloat = (entry: RegistryEntry, raw: DocumentValue): Decoded => {
  if (typeof raw === 'number') return { value: raw };
  if (typeof raw === 'bigint') return { value: Number(raw) };
  if (typeof raw === 'string' && raw.trim() !== '' && Number.isFinite(Number(raw))) return { value: Number(raw) };
  return { fault: `is ${kindOf(entry, raw)}: write a number` };
};

const decodeDuration = (entry: RegistryEntry, raw: DocumentValue): Decoded => {
  if (typeof raw === 'bigint') return { value: raw };
  const value = typeof raw === 'string' ? parseGoDuration(raw) : undefined;
  return value === undefined ? { fault: `is ${kindOf(entry, raw)}: write a duration such as "10s"` } : { value };
};

const decodeList = (entry: RegistryEntry, raw: DocumentValue): Decoded => {
  if (typeof raw === 'string') {
    const parts = raw
      .split(',')
      .map((part) => part.trim())
      .filter((part) => part !== '');
    return { value: parts.length === 0 && isJoinedList(entry) ? undefined : parts };
  }
  const items = isList(raw) ? raw.map((item) => decodeString(entry, item)) : [];
  const value = items.flatMap((item) => ('value' in item && typeof item.value === 'string' ? [item.value] : []));
  return isList(raw) && value.length === items.length
    ? { value }
    : { fault: `is ${kindOf(entry, raw)}: write a list of strings` };
};

const decodeLists = (entry: RegistryEntry, raw: DocumentValue): Decoded => {
  const lists = isList(raw)
    ? raw.filter((inner) => isList(inner) && inner.every((item) => typeof item === 'string'))
    : [];
  return isList(raw) && lists.length === raw.length
    ? { value: lists as readonly (readonly string[])[] }
    : { fault: `is ${kindOf(entry, raw)}: write a list of lists of strings` };
};

/** The value where it is simple and its key is public, else its kind. */
const kindOf = (entry: RegistryEntry, raw: DocumentValue): string => {
  if (typeof raw === 'string') return raw.trim() === '' ? 'empty' : `the text ${quotedRaw(entry, raw)}`;
  if (isList(raw)) return 'a list';
  if (typeof raw === 'object') return 'a table or a date';
  return `${typeof raw === 'boolean' ? '' : 'the number '}${quotedRaw(entry, raw)}`;
};
