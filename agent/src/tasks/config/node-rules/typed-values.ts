import { type DocumentTable, type DocumentValue, isTable } from '../../../node/document-value.ts';
import { withoutCase } from '../case-twins.ts';
import type { KnownKey } from '../known-keys/known-keys.ts';
import { decodeAsViper, type GoValue } from './decode-as-viper.ts';
import type { Refusal } from './refusal.ts';

/** One version, and what is known of it and the others. */
export interface KnownVersion {
  readonly keys: Iterable<KnownKey<string>>;
  /** All of the data, oldest first. */
  readonly versions: readonly string[];
  readonly version: string;
}

/** The values that one version makes of a file, with its defaults where the file has none. */
export class TypedValues {
  readonly refusals: readonly Refusal[];
  readonly #values: ReadonlyMap<string, GoValue>;
  readonly #raw: ReadonlyMap<string, DocumentValue>;

  constructor(document: DocumentTable, { keys, versions, version }: KnownVersion) {
    const values = new Map<string, GoValue>();
    const raw = new Map<string, DocumentValue>();
    const refusals = new Map<string, Refusal>();
    for (const known of keys) {
      if (known.versions !== undefined && !known.versions.includes(version)) continue;
      const found = find(document, known.key.split('.'), []);
      if (found !== undefined && 'notTable' in found) {
        refusals.set(found.notTable, { key: found.notTable, why: 'must be a section' });
        continue;
      }
      if (found !== undefined) raw.set(known.key, found.value);
      const decoded = decodeAsViper(known.type, found?.value ?? toDocument(defaultOf(known, versions, version)));
      if (decoded === 'not-checked') continue;
      if ('value' in decoded) values.set(known.key, decoded.value);
      else refusals.set(known.key, { key: known.key, why: decoded.fault });
    }
    this.refusals = [...refusals.values()];
    this.#values = values;
    this.#raw = raw;
  }

  /** As the file has it; undefined if the default counts. */
  raw(key: string): DocumentValue | undefined {
    return this.#raw.get(key);
  }

  has(key: string): boolean {
    return this.#values.has(key);
  }

  text(key: string): string {
    const value = this.#values.get(key);
    return typeof value === 'string' ? value : '';
  }

  /** Of a duration: nanoseconds. */
  number(key: string): bigint {
    const value = this.#values.get(key);
    return typeof value === 'bigint' ? value : 0n;
  }

  flag(key: string): boolean {
    return this.#values.get(key) === true;
  }

  list(key: string): readonly string[] {
    const value = this.#values.get(key);
    return typeof value === 'object' ? value : [];
  }
}

type Found = { readonly value: DocumentValue } | { readonly notTable: string };

const find = (
  table: DocumentTable,
  [name = '', ...rest]: readonly string[],
  above: readonly string[],
): Found | undefined => {
  const value = membersOf(table).get(name);
  if (value === undefined) return undefined;
  if (rest.length === 0) return { value };
  return isTable(value) ? find(value, rest, [...above, name]) : { notTable: [...above, name].join('.') };
};

const made = new WeakMap<DocumentTable, ReadonlyMap<string, DocumentValue>>();

/** viper ignores the case of keys. Each version asks for every key that it knows, so that this is made once. */
const membersOf = (table: DocumentTable): ReadonlyMap<string, DocumentValue> => {
  const known = made.get(table) ?? withoutCase(Object.entries(table));
  made.set(table, known);
  return known;
};

/** A version is left out of the data if it has the default of the one before it. */
const defaultOf = (known: KnownKey<string>, versions: readonly string[], version: string): unknown =>
  versions
    .slice(0, versions.indexOf(version) + 1)
    .map((one) => known.defaults[one])
    .findLast((value) => value !== undefined);

const toDocument = (value: unknown): DocumentValue => {
  if (typeof value === 'number') return BigInt(value);
  if (typeof value === 'string' || typeof value === 'boolean') return value;
  return Array.isArray(value) ? value.map(toDocument) : [];
};
