import type { KeyPath, ValueEdit } from '../document-value.ts';
import { scanToml, type Statement } from './scan-toml.ts';

/**
 * True where the edits left everything else as it was: each statement that no edit names is there with the same bytes, trailing comment
 * included, in the same order, and so is each comment on a line of its own, also where something was removed.
 */
export const leavesRestUntouched = (original: string, result: string, edits: readonly ValueEdit[]): boolean => {
  const before = restOf(original, edits);
  const after = restOf(result, edits);
  return sameLines(before.statements, after.statements) && sameLines(before.comments, after.comments);
};

/** True where each comment on a line of its own is still there, wherever it stands. */
export const keepsComments = (original: string, result: string, edits: readonly ValueEdit[]): boolean => {
  const sorted = (text: string): readonly string[] =>
    restOf(text, edits)
      .comments.map((line) => line.trim())
      .sort();
  const before = sorted(original);
  const after = sorted(result);
  return before.length === after.length && before.every((line, index) => line === after[index]);
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
      statements.push(text.slice(statement.start, statement.end));
    }
  }
  // One by one: a call takes only so many arguments.
  for (const line of commentLines(text.slice(at))) comments.push(line);
  return { statements, comments };
};

/** Whole lines, with what is before the sign and behind the comment. */
const commentLines = (between: string): readonly string[] => {
  const lines = between.split('\n');
  return lines
    .map((line, index) => (index < lines.length - 1 ? `${line}\n` : line))
    .filter((line) => line.includes('#'));
};

/** The edit is of the statement, of a table around it, or of something in its inline table. */
const isNamedBy = (path: KeyPath, statement: Statement): boolean =>
  isPrefix(path, statement.path) || (statement.kind === 'pair' && isPrefix(statement.path, path));

const isPrefix = (prefix: KeyPath, path: KeyPath): boolean => prefix.every((key, index) => path[index] === key);

const sameLines = (before: readonly string[], after: readonly string[]): boolean =>
  before.length === after.length && before.every((line, index) => isSameLine(line, after[index] ?? ''));

/** The last line of a text may have got the line end that it did not have, since something follows it now. */
const isSameLine = (before: string, after: string): boolean =>
  before === after || (!before.endsWith('\n') && (after === `${before}\n` || after === `${before}\r\n`));
