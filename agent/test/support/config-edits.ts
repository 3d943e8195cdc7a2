import * as fc from 'fast-check';
import type { PatchableFile } from '@nodetask/shared';
import { type DocumentValue, formatPath, type KeyPath } from '../../src/node/document-value.ts';
import { type Kinded, kinded } from './python-toml.ts';

/** A table of kinded values. */
type Table = Readonly<Record<string, Kinded>>;

/** A value in a file that a random edit may change. */
export interface Leaf {
  readonly file: PatchableFile;
  readonly path: KeyPath;
  readonly old: Kinded;
}

export interface Edit {
  readonly file: PatchableFile;
  readonly path: KeyPath;
  /** Absent: the key is removed. */
  readonly value?: DocumentValue;
}

const tableOf = ([kind, value]: Kinded): Table => {
  if (kind !== 'table') throw new Error(`a table was expected, and not a ${kind}`);
  return value as Table;
};

/** Every value that is no table and no list of tables. */
export const leavesOf = (file: PatchableFile, document: Kinded, at: KeyPath = []): readonly Leaf[] =>
  Object.entries(tableOf(document)).flatMap(([key, old]) => {
    const path = [...at, key];
    if (old[0] === 'table') return leavesOf(file, old, path);
    const isEditable = old[0] !== 'date' && (old[0] !== 'list' || itemKinds(old).every((kind) => kind in scalars));
    return isEditable ? [{ file, path, old }] : [];
  });

const itemKinds = ([, items]: Kinded): readonly string[] => (items as readonly Kinded[]).map(([kind]) => kind);

const int64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });

const text = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 24 }),
  fc.constantFrom('', '#', '"', "'", '"""', "'''", '\\', 'a = 1', '[t]', '\t', '\u0000', 'x\ny', '1', 'true', '0x1F'),
);

const scalars: Readonly<Record<string, fc.Arbitrary<DocumentValue>>> = {
  boolean: fc.boolean(),
  integer: fc.oneof(fc.maxSafeInteger().map(BigInt), int64, fc.constantFrom(2n ** 63n - 1n, -(2n ** 63n), 2n ** 53n)),
  // JSON rounds what is whole and large: config-patch refuses that.
  float: fc
    .double({ noNaN: true, noDefaultInfinity: true })
    .filter((value) => !Number.isInteger(value) || Number.isSafeInteger(value)),
  text,
};

const sameKind = ([kind, value]: Kinded): fc.Arbitrary<DocumentValue> => {
  if (kind !== 'list') return scalars[kind] ?? fc.constant('');
  const [first] = itemKinds([kind, value]);
  return fc.array(scalars[first ?? 'text'] ?? text, { maxLength: 4 });
};

/** A change of a value to another of its kind; now and then a removal, or a new key beside it. */
export const anyEdit = (leaves: readonly Leaf[], { removals }: { readonly removals: boolean }): fc.Arbitrary<Edit> =>
  fc.constantFrom(...leaves).chain(({ file, path, old }) => {
    const set = sameKind(old).map((value): Edit => ({ file, path, value }));
    const add = fc
      .tuple(fc.constantFrom('new-key', 'new_other', 'neu.ü', '0'), fc.oneof(scalars['boolean'] ?? text, text))
      .map(([name, value]): Edit => ({ file, path: [...path.slice(0, -1), name], value }));
    const remove = fc.constant<Edit>({ file, path });
    return fc.oneof(
      { weight: 8, arbitrary: set },
      { weight: 1, arbitrary: add },
      ...(removals ? [{ weight: 1, arbitrary: remove }] : []),
    );
  });

/** The params of config-patch for these edits: what JSON cannot hold goes as text. */
export const patchParams = (edits: readonly Edit[]): object => {
  const files: Record<string, Record<string, unknown>> = {};
  const remove: Record<string, string[]> = {};
  for (const { file, path, value } of edits) {
    if (value === undefined) {
      (remove[file] ??= []).push(formatPath(path));
      continue;
    }
    let table: Record<string, unknown> = (files[file] ??= {});
    for (const key of path.slice(0, -1)) table = (table[key] ??= {}) as Record<string, unknown>;
    table[path.at(-1) ?? ''] = asJson(value);
  }
  return { files, ...(Object.keys(remove).length === 0 ? {} : { remove }) };
};

const asJson = (value: DocumentValue): unknown => {
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
  return Array.isArray(value) ? value.map(asJson) : value;
};

/** The document with the edits done, by hand. */
export const edited = (document: Kinded, edits: readonly Edit[]): Kinded =>
  edits.reduce(
    (current, { path, value }) => withKinded(current, path, value === undefined ? undefined : kinded(value)),
    document,
  );

export const withKinded = (document: Kinded, [key = '', ...rest]: KeyPath, value: Kinded | undefined): Kinded => {
  const { [key]: old, ...others } = tableOf(document);
  if (rest.length > 0) return ['table', { ...others, [key]: withKinded(old ?? ['table', {}], rest, value) }];
  return ['table', value === undefined ? others : { ...others, [key]: value }];
};
