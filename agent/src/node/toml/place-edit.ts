import { type DocumentTable, isTable, type KeyPath, type ValueEdit } from '../document-value.ts';
import { renderKey, renderSection, renderValue } from './render-toml.ts';
import { type Header, type Pair, scanToml, type Statement } from './scan-toml.ts';

/**
 * Edits that this project places itself, because toml-patch puts a new key behind the banner comment of the next section. Each answers the
 * new text, or undefined where the edit is not of its kind.
 */

/** A new key in a `[section]` or at the top of the file, or a new section at the end of the file. */
export const placeNewKey = (text: string, edit: ValueEdit): string | undefined => {
  if (edit.value === undefined || edit.value === null) return undefined;
  const parent = edit.path.slice(0, -1);
  const { statements } = scanToml(text);
  if (isTable(edit.value)) return placeNewSection(text, statements, parent, edit.path, edit.value);
  const header = statements.findIndex((statement) => statement.kind === 'table' && samePath(statement.path, parent));
  if (parent.length > 0 && header < 0) return undefined;
  const siblings = statements.filter(
    (statement): statement is Pair => statement.kind === 'pair' && statement.header === header,
  );
  const last = siblings.at(-1);
  const newline = newlineOf(text);
  const line = `${renderKey(edit.path.at(-1) ?? '')} = ${renderValue(edit.value)}${newline}`;
  if (last !== undefined) return insert(text, last.end, indentAt(text, last.start) + line, newline);
  const own = statements[header];
  if (own !== undefined) return insert(text, own.end, indentAt(text, own.start) + line, newline);
  const first = statements.find((statement): statement is Header => statement.kind !== 'pair');
  return first === undefined
    ? insert(text, text.length, line, newline)
    : insert(text, commentStart(text, first.start), line + newline, newline);
};

/** True where the value at the path is written as `[[sections]]`. */
export const isListOfSections = (text: string, path: KeyPath): boolean =>
  scanToml(text).statements.some((statement) => statement.kind === 'array' && samePath(statement.path, path));

/** Writes a value over the one that a plain `key = value` line has, comments inside the old value included. */
export const replaceValue = (text: string, edit: ValueEdit): string | undefined => {
  if (edit.value === undefined || edit.value === null) return undefined;
  const { statements } = scanToml(text);
  const pairs = statements.filter(
    (statement): statement is Pair => statement.kind === 'pair' && samePath(statement.path, edit.path),
  );
  const [pair] = pairs;
  if (pair === undefined || pairs.length > 1 || insideList(statements, edit.path)) return undefined;
  return text.slice(0, pair.valueStart) + renderValue(edit.value) + text.slice(pair.valueEnd);
};

/** Path of the inline table that a `key = { … }` line has and that the path leads into. */
export const inlineTableAround = (text: string, path: KeyPath): KeyPath | undefined =>
  scanToml(text).statements.find(
    (statement) => statement.kind === 'pair' && statement.path.length < path.length && startsWith(path, statement.path),
  )?.path;

/** True where a `[[section]]` lies above the path: then the path alone does not say which of its elements is meant. */
export const insideList = (statements: readonly Statement[], path: KeyPath): boolean =>
  statements.some(
    (statement) =>
      statement.kind === 'array' && statement.path.length < path.length && startsWith(path, statement.path),
  );

const placeNewSection = (
  text: string,
  statements: readonly Statement[],
  parent: KeyPath,
  path: KeyPath,
  table: DocumentTable,
): string | undefined => {
  // A table that dotted or inline keys, or a list, define cannot be extended by a header.
  const extensible =
    parent.length === 0 ||
    (statements.some((statement) => statement.kind === 'table' && startsWith(statement.path, parent)) &&
      !statements.some(
        (statement) =>
          (statement.kind === 'array' && startsWith(parent, statement.path)) ||
          (statement.kind === 'pair' && statement.ownKeys > 1 && startsWith(statement.path.slice(0, -1), parent)),
      ));
  if (!extensible) return undefined;
  const newline = newlineOf(text);
  return insert(text, text.length, (text.trim() === '' ? '' : newline) + renderSection(path, table, newline), newline);
};

/** Where the comment lines begin that stand directly above an offset at the start of a line. */
const commentStart = (text: string, offset: number): number => {
  let start = offset;
  while (start > 0) {
    const previous = text.lastIndexOf('\n', start - 2) + 1;
    if (!/^[ \t]*#/.test(text.slice(previous, start))) return start;
    start = previous;
  }
  return start;
};

export const insert = (text: string, offset: number, addition: string, newline: string): string => {
  const head = text.slice(0, offset);
  return head + (head === '' || head.endsWith('\n') ? '' : newline) + addition + text.slice(offset);
};

const indentAt = (text: string, lineStart: number): string => /^[ \t]*/.exec(text.slice(lineStart))?.[0] ?? '';

export const newlineOf = (text: string): string => (text.includes('\r\n') ? '\r\n' : '\n');

export const samePath = (a: KeyPath, b: KeyPath): boolean => a.length === b.length && startsWith(a, b);

export const startsWith = (path: KeyPath, prefix: KeyPath): boolean =>
  prefix.every((key, index) => path[index] === key);
