/**
 * JSON as Go's programs read it into their types. CometBFT has a decoder of its own: whole numbers of 64 bits stand in quotes there, times end in Z, and names are
 * matched exactly. A missing member and `null` are the zero value of its type; of two members of one name the last counts.
 */
import { elementsAt, membersAt } from '../json/scan-json.ts';
import { GenesisFault } from './genesis-fault.ts';

/** Reads the JSON of one value; undefined if it is missing. Throws GenesisFault. */
export type Read<T> = (raw: string | undefined, path: string) => T;

const isAbsent = (raw: string | undefined): raw is undefined | 'null' => raw === undefined || raw === 'null';

export const text: Read<string> = (raw, path) => {
  if (isAbsent(raw)) return '';
  if (!raw.startsWith('"')) throw new GenesisFault(path, raw, 'a text');
  return JSON.parse(raw) as string;
};

export const truth: Read<boolean> = (raw, path) => {
  if (isAbsent(raw) || raw === 'false') return false;
  if (raw !== 'true') throw new GenesisFault(path, raw, 'true or false');
  return true;
};

/** The text in the quotes, as it is written: Go does not resolve escapes in numbers, times and hexadecimal digits. */
const quoted = (raw: string): string | undefined => (raw.startsWith('"') ? raw.slice(1, -1) : undefined);

const integerWord = /^-?(?:0|[1-9]\d{0,18})$/;
const naturalWord = /^(?:0|[1-9]\d{0,19})$/;

const toInt64 = (word: string): bigint | undefined => {
  const value = integerWord.test(word) ? BigInt(word) : undefined;
  return value !== undefined && BigInt.asIntN(64, value) === value ? value : undefined;
};

const toUint64 = (word: string): bigint | undefined => {
  const value = naturalWord.test(word) ? BigInt(word) : undefined;
  return value !== undefined && BigInt.asUintN(64, value) === value ? value : undefined;
};

/** With the blanks that Go passes over. */
const maxNumberCharacters = 64;

/** In quotes there may be blanks around the number, and `null`: what is in them is JSON again. */
const inQuotes =
  (parse: (word: string) => bigint | undefined, rule: string): Read<bigint> =>
  (raw, path) => {
    if (isAbsent(raw)) return 0n;
    const inner = raw.length > maxNumberCharacters ? undefined : quoted(raw);
    const word = /^[ \t\r\n]*([^ \t\r\n]+)[ \t\r\n]*$/.exec(inner ?? '')?.[1];
    const value = word === 'null' ? 0n : word === undefined ? undefined : parse(word);
    if (value === undefined) throw new GenesisFault(path, raw, rule);
    return value;
  };

export const quotedInt64 = inQuotes(toInt64, 'a whole number of 64 bits in quotes, such as "1"');
export const quotedUint64 = inQuotes(toUint64, 'a whole number of 64 bits in quotes that is not negative, such as "1"');

/** Of Go's own decoder. */
export const plainInt64: Read<bigint> = (raw, path) => {
  if (isAbsent(raw)) return 0n;
  const value = toInt64(raw);
  if (value === undefined) throw new GenesisFault(path, raw, 'a whole number of 64 bits without quotes');
  return value;
};

/** Of a member that is written in quotes by some versions of a node and without by others. */
export const anyInt64: Read<bigint> = (raw, path) =>
  (raw?.startsWith('"') === true ? quotedInt64 : plainInt64)(raw, path);

const timeShape =
  /^(\d{4}-\d\d-\d\d)T(?:[01]?\d|2[0-3]):[0-5]\d:[0-5]\d(?:[.,]\d+)?(?:Z|[+-](?:[01]\d|2[0-4]):(?:[0-5]\d|60))$/;

/** As Go reads RFC 3339: with a zone, and a day that exists. */
const isTime = (word: string): boolean => {
  const day = timeShape.exec(word)?.[1];
  const date = new Date(`${day ?? ''}T00:00:00Z`);
  return !Number.isNaN(date.getTime()) && date.toISOString().slice(0, 10) === day;
};

const timeWhere =
  (fits: (word: string) => boolean, rule: string): Read<void> =>
  (raw, path) => {
    const word = isAbsent(raw) ? undefined : quoted(raw);
    if (isAbsent(raw) || (word !== undefined && fits(word))) return;
    throw new GenesisFault(path, raw, rule);
  };

export const timeInUTC = timeWhere(
  (word) => word.endsWith('Z') && isTime(word),
  'a time such as "2026-01-31T12:00:00Z"',
);
export const timeInAnyZone = timeWhere(isTime, 'a time such as "2026-01-31T12:00:00Z"');

export const hex: Read<Buffer> = (raw, path) => {
  if (isAbsent(raw)) return Buffer.alloc(0);
  const word = quoted(raw);
  if (word === undefined || word.length % 2 !== 0 || !/^[0-9a-fA-F]*$/.test(word)) {
    throw new GenesisFault(path, raw, 'pairs of hexadecimal digits in quotes');
  }
  return Buffer.from(word, 'hex');
};

/** Go takes a list of numbers, too, which nobody writes and which is refused here. */
export const base64: Read<Buffer> = (raw, path) => {
  if (isAbsent(raw)) return Buffer.alloc(0);
  const word = raw.startsWith('"') ? (JSON.parse(raw) as string).replace(/[\r\n]/g, '') : undefined;
  if (word === undefined || word.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(word)) {
    throw new GenesisFault(path, raw, 'base64 in quotes');
  }
  return Buffer.from(word, 'base64');
};

export const raw: Read<string | undefined> = (json) => json;

export const optional =
  <T>(read: Read<T>): Read<T | undefined> =>
  (json, path) =>
    isAbsent(json) ? undefined : read(json, path);

export const list =
  <T>(item: Read<T>, maxItems: number): Read<readonly T[]> =>
  (json, path) => {
    if (isAbsent(json)) return [];
    if (!json.startsWith('[')) throw new GenesisFault(path, json, 'a list');
    const elements = elementsAt(json, 0, maxItems + 1);
    if (elements.length > maxItems) throw new GenesisFault(path, json, `a list of at most ${maxItems}`);
    return elements.map(({ start, end }, index) => item(json.slice(start, end), `${path}.${index}`));
  };

type Fields = Readonly<Record<string, Read<unknown>>>;
export type Struct<F extends Fields> = { readonly [Name in keyof F]: ReturnType<F[Name]> };

/**
 * Names are matched exactly, as by CometBFT. One in other letters is refused: Go's own decoder takes it, and the two would read one document as two.
 */
export const struct = <F extends Fields>(fields: F): Read<Struct<F>> => {
  const readers = Object.entries(fields);
  const byFoldedName = new Map(readers.map(([name]) => [foldName(name), name]));
  return (json, path) => {
    if (!isAbsent(json) && !json.startsWith('{')) throw new GenesisFault(path, json, 'an object');
    const members = new Map<string, string>();
    for (const { key, valueStart, valueEnd } of isAbsent(json) ? [] : membersAt(json, 0)) {
      const value = json?.slice(valueStart, valueEnd) ?? '';
      const meant = Object.hasOwn(fields, key) ? key : byFoldedName.get(foldName(key));
      if (meant !== undefined && meant !== key) throw new GenesisFault(`${path}.${key}`, value, `called ${meant}`);
      members.set(key, value);
    }
    return Object.fromEntries(
      readers.map(([name, read]) => [name, read(members.get(name), `${path}.${name}`)]),
    ) as Struct<F>;
  };
};

/** A name for comparisons in any case. Go counts the long s and the sign of Kelvin as letters of it, and so does this. */
export const foldName = (name: string): string => name.toUpperCase().toLowerCase();
