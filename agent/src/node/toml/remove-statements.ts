import { type DocumentValue, isList, isTable, type KeyPath, sameValue, type ValueEdit } from '../document-value.ts';
import { insert, insideList, newlineOf, samePath, startsWith } from './place-edit.ts';
import { renderElement, renderKeyPath, renderSection } from './render-toml.ts';
import { scanToml, type Statement } from './scan-toml.ts';

/**
 * Removes a key, or a section with the sections in it: the lines of its statements go, with the comment behind a value on the same line, and
 * nothing else. A comment on a line of its own stays wherever it stands, since nothing tells if it speaks of this key alone: it may be an old
 * value to go back to, or a note for the keys below as well. Answers undefined where the key has no statement of its own.
 */
export const removeStatements = (text: string, edit: ValueEdit): string | undefined => {
  if (edit.value !== undefined) return undefined;
  const { statements } = scanToml(text);
  const isInside = (statement: Statement): boolean => startsWith(statement.path, edit.path);
  const removed = statements.filter(isInside);
  const [first] = removed;
  if (first === undefined || insideList(statements, edit.path)) return undefined;
  const result = without(text, removed);
  const parent = edit.path.slice(0, -1);
  if (parent.length === 0) return result;
  if (statements.some((statement) => !isInside(statement) && startsWith(statement.path, parent))) return result;
  // The parent was there by the removed lines only, and stays as an empty table.
  const newline = newlineOf(text);
  if (first.kind !== 'pair') return insert(result, result.length, renderSection(parent, {}, newline), newline);
  const header = first.path.length - first.ownKeys;
  return insert(result, first.start, `${renderKeyPath(parent.slice(header))} = {}${newline}`, newline);
};

/** Removes `[[elements]]` of a list that keeps the others, and their order. */
export const removeElements = (
  text: string,
  { path, value }: ValueEdit,
  old: DocumentValue | undefined,
): string | undefined => {
  if (!isList(old) || !isList(value) || value.length === 0 || value.length >= old.length) return undefined;
  const elements = elementsOf(text, path);
  if (elements?.length !== old.length) return undefined;
  const gone = indexesLeftOut(old, value);
  return gone === undefined
    ? undefined
    : without(
        text,
        [...gone].flatMap((index) => elements[index] ?? []),
      );
};

/** Writes all `[[elements]]` of a list anew that come behind those that stay as they are. */
export const rewriteElements = (
  text: string,
  { path, value }: ValueEdit,
  old: DocumentValue | undefined,
): string | undefined => {
  if (!isList(old) || !isList(value) || !value.every(isTable)) return undefined;
  const elements = elementsOf(text, path);
  if (elements?.length !== old.length) return undefined;
  let same = 0;
  while (same < value.length && same < old.length && sameValue(value[same], old[same])) same++;
  const at = same === 0 ? elements[0]?.[0]?.start : elements[same - 1]?.at(-1)?.end;
  if (at === undefined) return undefined;
  const newline = newlineOf(text);
  const added = value.slice(same).map((element) => renderElement(path, element, newline));
  const rest = without(text, elements.slice(same).flat());
  return added.length === 0 ? rest : insert(rest, at, (same === 0 ? '' : newline) + added.join(newline), newline);
};

/** The statements of each `[[element]]`; undefined if the path does not say which list is meant. */
const elementsOf = (text: string, path: KeyPath): readonly (readonly Statement[])[] | undefined => {
  const { statements } = scanToml(text);
  if (insideList(statements, path)) return undefined;
  const elements: Statement[][] = [];
  for (const statement of statements) {
    if (!startsWith(statement.path, path)) continue;
    if (statement.kind === 'array' && samePath(statement.path, path)) elements.push([]);
    elements.at(-1)?.push(statement);
  }
  return elements;
};

/** Which elements are missing in the other list; undefined if that is more than a part of this one. */
const indexesLeftOut = (
  list: readonly DocumentValue[],
  part: readonly DocumentValue[],
): ReadonlySet<number> | undefined => {
  const gone = new Set<number>();
  let next = 0;
  for (const [index, element] of list.entries()) {
    if (next < part.length && sameValue(element, part[next])) next++;
    else gone.add(index);
  }
  return next === part.length ? gone : undefined;
};

const without = (text: string, statements: readonly Statement[]): string => {
  const parts: string[] = [];
  let at = 0;
  for (const { start, end } of statements.toSorted((a, b) => a.start - b.start)) {
    parts.push(text.slice(at, start));
    at = end;
  }
  return parts.join('') + text.slice(at);
};
