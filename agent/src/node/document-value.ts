/**
 * A value of a configuration document, TOML or JSON, with nothing lost: integers are bigint, other numbers are number, so `1` and `1.0`
 * differ and 64-bit integers are exact. A TOML date is a Date that keeps its spelling; null exists in JSON only.
 */
export type DocumentValue = string | boolean | number | bigint | null | Date | readonly DocumentValue[] | DocumentTable;

export interface DocumentTable {
  readonly [key: string]: DocumentValue;
}

/** Where a value is: keys from the top of the document. */
export type KeyPath = readonly string[];

export const isTable = (value: unknown): value is DocumentTable =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date);

export const isList = (value: DocumentValue | undefined): value is readonly DocumentValue[] => Array.isArray(value);

/** The value at a path, or undefined. Keys that objects inherit do not count. */
export const valueAt = (document: DocumentTable, path: KeyPath): DocumentValue | undefined => {
  let value: DocumentValue | undefined = document;
  for (const key of path) {
    if (!isTable(value) || !Object.hasOwn(value, key)) return undefined;
    value = value[key];
  }
  return value;
};

/** Equal in kind and content; the order of keys does not matter. */
export const sameValue = (a: DocumentValue | undefined, b: DocumentValue | undefined): boolean => {
  if (a instanceof Date && b instanceof Date) return dateText(a) === dateText(b);
  if (isList(a) && isList(b)) return a.length === b.length && a.every((value, index) => sameValue(value, b[index]));
  if (isTable(a) && isTable(b)) {
    const keys = Object.keys(a);
    return (
      keys.length === Object.keys(b).length && keys.every((key) => Object.hasOwn(b, key) && sameValue(a[key], b[key]))
    );
  }
  return Object.is(a, b);
};

const dateText = (date: Date): string => (Number.isNaN(date.getTime()) ? 'invalid' : date.toISOString());

/** How a path is written in messages, and in `remove`: dotted, with quotes around keys that are not bare. */
export const formatPath = (path: KeyPath): string =>
  path.map((key) => (/^[A-Za-z0-9_-]+$/.test(key) ? key : JSON.stringify(key))).join('.');

/** A change of one value: a new value, or a removal. */
export interface ValueEdit {
  readonly path: KeyPath;
  /** Absent: the key is removed. */
  readonly value?: DocumentValue;
}

/** The fewest edits, by key, that turn `before` into `after`. Lists are replaced whole. */
export const editsBetween = (before: DocumentTable, after: DocumentTable, at: KeyPath = []): readonly ValueEdit[] => {
  const edits: ValueEdit[] = [];
  for (const key of Object.keys(before)) {
    if (!Object.hasOwn(after, key)) edits.push({ path: [...at, key] });
  }
  for (const [key, value] of Object.entries(after)) {
    const old = Object.hasOwn(before, key) ? before[key] : undefined;
    const path = [...at, key];
    if (isTable(old) && isTable(value)) edits.push(...editsBetween(old, value, path));
    else if (!sameValue(old, value)) edits.push({ path, value });
  }
  return edits;
};

/** A copy of `document` with edits done in their order; tables on the way are made where they are missing. Each table is copied once. */
export const withEdits = (document: DocumentTable, edits: readonly ValueEdit[]): DocumentTable => {
  const copies = new WeakSet<object>();
  const copyOf = (table: DocumentTable): Writable => {
    const copy: Writable = { ...table };
    copies.add(copy);
    return copy;
  };
  const isCopy = (table: DocumentTable): table is Writable => copies.has(table);
  const result = copyOf(document);
  for (const { path, value } of edits) {
    const last = path.at(-1);
    if (last === undefined) continue;
    let table: Writable | undefined = result;
    for (const key of path.slice(0, -1)) {
      const next: DocumentValue | undefined = Object.hasOwn(table, key) ? table[key] : undefined;
      // The key that is to be removed is not there.
      if (!isTable(next) && value === undefined) {
        table = undefined;
        break;
      }
      const inner: Writable = !isTable(next) ? copyOf({}) : isCopy(next) ? next : copyOf(next);
      if (inner !== next) setOwn(table, key, inner);
      table = inner;
    }
    if (table === undefined) continue;
    if (value === undefined) delete table[last];
    else setOwn(table, last, value);
  }
  return result;
};

export const withEdit = (document: DocumentTable, edit: ValueEdit): DocumentTable => withEdits(document, [edit]);

type Writable = Record<string, DocumentValue>;

/** Also for a key that assigning would take for the prototype. */
const setOwn = (table: Writable, key: string, value: DocumentValue): void => {
  Object.defineProperty(table, key, { value, enumerable: true, configurable: true, writable: true });
};
