import type { KeyPath, ValueEdit } from '../document-value.ts';
import { scanToml, type Statement } from './scan-toml.ts';

/**
 * True where the edits left everything else as it was: each statement that no edit names is there with the same bytes, trailing comment
 * included, in the same order, and so are the comment lines between statements (unless something was removed, which takes its own along).
 */
export const leavesRestUntouched = (original: string, result: string, edits: readonly ValueEdit[]): boolean => {
  const before = restOf(original, edits);
  const after = restOf(result, edits);
  const isRemoving = edits.some((edit) => edit.value === undefined);
  return sameLines(before.statements, after.statements) && (isRemoving || sameLines(before.comments, after.comments));
};

interface Rest {
  readonly statements: readonly string[];
  readonly comments: readonly string[];
}

const restOf = (text: string, edits: readonly ValueEdit[]): Rest => {
  const statements: string[] = [];
  const comments: string[] = [];
  let at = 0;
  for (const statement of scanToml(text).statements) {
    for (const line of commentLines(text.slice(at, statement.start))) comments.push(line);
    at = statement.end;
    if (!edits.some((edit) => isNamedBy(edit.path, statement))) {
      statements.push(text.slice(statement.start, statement.end).replace(/\r?\n$/, ''));
    }
  }
  // One by one: a call takes only so many arguments.
  for (const line of commentLines(text.slice(at))) comments.push(line);
  return { statements, comments };
};

const commentLines = (between: string): readonly string[] => between.match(/#[^\r\n]*/g) ?? [];

/** The edit is of the statement, of a table around it, or of something in its inline table. */
const isNamedBy = (path: KeyPath, statement: Statement): boolean =>
  isPrefix(path, statement.path) || (statement.kind === 'pair' && isPrefix(statement.path, path));

const isPrefix = (prefix: KeyPath, path: KeyPath): boolean => prefix.every((key, index) => path[index] === key);

const sameLines = (a: readonly string[], b: readonly string[]): boolean =>
  a.length === b.length && a.every((line, index) => line === b[index]);
