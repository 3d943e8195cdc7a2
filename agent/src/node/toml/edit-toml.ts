import { TaskError } from '@nodetask/shared';
import {
  type DocumentTable,
  type DocumentValue,
  editsBetween,
  formatPath,
  isList,
  isTable,
  type ValueEdit,
  valueAt,
  withEdit,
  withEdits,
} from '../document-value.ts';
import { parseToml } from './parse-toml.ts';
import { inlineTableAround, isListOfSections, placeNewKey, replaceValue } from './place-edit.ts';
import { removeElements, removeStatements, rewriteElements } from './remove-statements.ts';
import { restoreHeaders } from './restore-headers.ts';
import { keepsComments, leavesRestUntouched } from './untouched.ts';
import { problemWithEdit } from './verify-edit.ts';

/**
 * Edits a TOML text and leaves comments, order and formatting of everything else as they are. No edit leaves the text as it is.
 *
 * The result has been parsed by a second parser and compared with the intended document, and has nothing that only TOML 1.1 allows; where
 * no way of editing leads there, TaskError `patch-invalid` is thrown. `file` is what messages call the text.
 */
export const editToml = async (text: string, wanted: readonly ValueEdit[], file: string): Promise<string> => {
  const before = await parseToml(text, file);
  const intended = withEdits(before, wanted);
  const edits = editsBetween(before, intended);
  if (edits.length === 0) return text;
  const problems: string[] = [];
  let correct: string | undefined;
  for (const attempt of [editInPlace, rewriteValues]) {
    const result = await attempt(text, before, edits, problems);
    if (result === undefined) continue;
    const problem = await problemWithEdit(result, intended, text, file);
    if (problem !== undefined) {
      problems.push(problem);
      continue;
    }
    if (leavesRestUntouched(text, result, edits)) return result;
    // A comment has moved with its element, or a blank beside it: right, but not as good as what the next attempt may do.
    if (keepsComments(text, result, edits)) correct ??= result;
    else problems.push('a comment would be lost');
  }
  if (correct !== undefined) return correct;
  const [first] = edits;
  throw new TaskError(
    'patch-invalid',
    `${file} cannot be edited at ${first === undefined ? '' : formatPath(first.path)}${edits.length > 1 ? ` and ${edits.length - 1} more keys` : ''} without damage ` +
      `(${problems.join('; ')}); nothing was written. Write that part of the file by hand`,
  );
};

/** New keys, plain values and removals by this project's hand; the rest by toml-patch, which keeps comments inside lists. */
const editInPlace: Attempt = async (text, before, edits, problems) => {
  // A table that becomes another kind of value, or the reverse, has to leave its place first.
  const moved = edits.filter((edit) => edit.value !== undefined && changesKind(text, before, edit));
  const removals = [...edits.filter((edit) => edit.value === undefined), ...moved.map(({ path }) => ({ path }))];
  const afterRemovals = await editPhase(text, removals, removeStatements, problems);
  if (afterRemovals === undefined) return undefined;
  const rest = withEdits(before, removals);
  return editPhase(
    afterRemovals,
    edits.filter((edit) => edit.value !== undefined),
    (current, edit) => {
      const old = valueAt(rest, edit.path);
      if (old === undefined) return placeNewKey(current, edit);
      // The common case, and ten times as fast: toml-patch takes 12 ms of a processor for a real config.toml.
      if (isPlain(old) && isPlain(edit.value)) return replaceValue(current, edit);
      return removeElements(current, edit, old);
    },
    problems,
  );
};

/** Writes changed values whole; only comments inside a changed value are lost. What this cannot do is left to toml-patch, one by one. */
const rewriteValues: Attempt = async (text, before, edits, problems) => {
  let result = text;
  let document = before;
  for (const edit of edits) {
    const next =
      replaceValue(result, edit) ??
      rewriteElements(result, edit, valueAt(document, edit.path)) ??
      rewriteAround(result, document, edit) ??
      (await editInPlace(result, document, [edit], problems));
    if (next === undefined) return undefined;
    result = next;
    document = withEdit(document, edit);
  }
  return result;
};

/** An edit in an inline table, by writing that anew: toml-patch would also format headers of sections that have nothing to do with it. */
const rewriteAround = (text: string, document: DocumentTable, edit: ValueEdit): string | undefined => {
  const path = inlineTableAround(text, edit.path);
  const value = path === undefined ? undefined : valueAt(withEdit(document, edit), path);
  return path === undefined || value === undefined ? undefined : replaceValue(text, { path, value });
};

type Attempt = (
  text: string,
  before: DocumentTable,
  edits: readonly ValueEdit[],
  problems: string[],
) => Promise<string | undefined>;

/** Does the edits that `place` knows how to do, then the others by toml-patch in one go. */
const editPhase = async (
  text: string,
  edits: readonly ValueEdit[],
  place: (text: string, edit: ValueEdit) => string | undefined,
  problems: string[],
): Promise<string | undefined> => {
  let result = text;
  const rest: ValueEdit[] = [];
  for (const edit of edits) {
    const placed = place(result, edit);
    if (placed === undefined) rest.push(edit);
    else result = placed;
  }
  if (rest.length === 0) return result;
  const { parse, patch } = await import('@decimalturn/toml-patch');
  try {
    const document = parse(result, { integersAsBigInt: true }) as Record<string, unknown>;
    for (const edit of rest) editObject(document, edit);
    // trailingComma: a list that ends in a comma, as CometBFT writes them, would make it end inline tables so too, which TOML 1.0 forbids.
    // minimumDecimals: a float without a fraction would become an integer; integers are bigint here and stay as they are.
    return restoreHeaders(result, patch(result, document, { trailingComma: false, minimumDecimals: 1 }));
  } catch (error) {
    problems.push(error instanceof Error ? error.message : String(error));
    return undefined;
  }
};

/** True where a key is written as `[section]` and becomes a plain value, or the reverse. */
const changesKind = (text: string, before: DocumentTable, edit: ValueEdit): boolean => {
  const old = valueAt(before, edit.path);
  if (old === undefined) return false;
  if (isTable(old) !== isTable(edit.value)) return true;
  return isListOfSections(text, edit.path) && !isListOfTables(edit.value);
};

const isPlain = (value: DocumentValue | undefined): boolean => !isList(value) && !isTable(value);

const isListOfTables = (value: DocumentValue | undefined): boolean =>
  isList(value) && value.length > 0 && value.every(isTable);

/** Does one edit on the mutable object that toml-patch compares with its text. */
const editObject = (document: Record<string, unknown>, edit: ValueEdit): void => {
  let table = document;
  for (const key of edit.path.slice(0, -1)) {
    const next = Object.hasOwn(table, key) ? table[key] : undefined;
    if (isMutableTable(next)) {
      table = next;
    } else {
      const made: Record<string, unknown> = {};
      table[key] = made;
      table = made;
    }
  }
  const last = edit.path.at(-1) ?? '';
  if (edit.value === undefined) delete table[last];
  else table[last] = mutableCopy(edit.value);
};

const isMutableTable = (value: unknown): value is Record<string, unknown> => isTable(value);

const mutableCopy = (value: DocumentValue): unknown => {
  if (isList(value)) return value.map(mutableCopy);
  if (isTable(value))
    return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, mutableCopy(member)]));
  return value;
};
