import { withoutTrailing } from '@nodetask/runtime/foreign-text';
import { TaskError } from '@nodetask/shared';
import {
  type DocumentTable,
  type DocumentValue,
  editsBetween,
  formatPath,
  isList,
  isTable,
  type KeyPath,
  sameValue,
  type ValueEdit,
  withEdits,
} from '../document-value.ts';
import { parseJsonObject } from './parse-json.ts';
import { type Member, membersAt } from './scan-json.ts';

/**
 * Edits a JSON text and leaves every other byte as it is; integers of any size stay exact. No edit leaves the text as it is. The result
 * has been parsed again and compared with the intended document. Throws TaskError `patch-invalid` where that fails.
 */
export const editJson = (text: string, wanted: readonly ValueEdit[], file: string): string => {
  const before = parseJsonObject(text, file);
  const intended = withEdits(before, wanted);
  const style = styleOf(text);
  const result = editsBetween(before, intended).reduce((current, edit) => applyEdit(current, edit, style, file), text);
  if (result !== text && !sameValue(parseJsonObject(result, file), intended)) {
    throw new TaskError(
      'patch-invalid',
      `${file} cannot be edited without damage: the result would have other values than were asked for; nothing was written`,
    );
  }
  return result;
};

const applyEdit = (text: string, edit: ValueEdit, style: Style, file: string): string => {
  let offset = 0;
  for (const [index, key] of edit.path.slice(0, -1).entries()) {
    const member = memberOf(membersAt(text, offset), key, edit.path.slice(0, index + 1), file);
    if (member === undefined) throw new Error(`no object at ${formatPath(edit.path)} in ${file}`);
    offset = member.valueStart;
  }
  const members = membersAt(text, offset);
  const key = edit.path.at(-1) ?? '';
  const member = memberOf(members, key, edit.path, file);
  const depth = edit.path.length;
  if (edit.value === undefined) return member === undefined ? text : removeMember(text, members, member);
  if (member !== undefined) {
    return text.slice(0, member.valueStart) + render(edit.value, depth, style) + text.slice(member.valueEnd);
  }
  const pair = `${JSON.stringify(key)}:${style.newline === '' ? '' : ' '}${render(edit.value, depth, style)}`;
  const last = members.at(-1);
  if (last === undefined) {
    const open = text.indexOf('{', offset) + 1;
    const close = text.indexOf('}', open);
    return text.slice(0, open) + lineBreak(style, depth) + pair + lineBreak(style, depth - 1) + text.slice(close);
  }
  // What stands before the last member, usually a line end and its indentation, stands before the new one as well.
  const gap = text.slice(withoutTrailing(text.slice(0, last.keyStart), ' \t\r\n').length, last.keyStart);
  return `${text.slice(0, last.valueEnd)},${gap}${pair}${text.slice(last.valueEnd)}`;
};

const memberOf = (members: readonly Member[], key: string, path: KeyPath, file: string): Member | undefined => {
  const found = members.filter((member) => member.key === key);
  if (found.length > 1) {
    throw new TaskError(
      'file-invalid',
      `${file} has the key ${formatPath(path)} ${found.length} times: leave one of them`,
    );
  }
  return found[0];
};

const removeMember = (text: string, members: readonly Member[], member: Member): string => {
  const index = members.indexOf(member);
  const next = members[index + 1];
  if (next !== undefined) return text.slice(0, member.keyStart) + text.slice(next.keyStart);
  const previous = members[index - 1];
  if (previous !== undefined) return text.slice(0, previous.valueEnd) + text.slice(member.valueEnd);
  return text.slice(0, text.lastIndexOf('{', member.keyStart) + 1) + text.slice(text.indexOf('}', member.valueEnd));
};

interface Style {
  /** Empty where the document is written without line ends. */
  readonly newline: string;
  readonly indent: string;
}

const styleOf = (text: string): Style => {
  const [, newline = '', indent = ''] = /^\s*\{(\r?\n)([ \t]*)/.exec(text) ?? [];
  return { newline, indent: newline === '' ? '' : indent || '  ' };
};

const lineBreak = (style: Style, depth: number): string =>
  style.newline === '' ? '' : style.newline + style.indent.repeat(depth);

const render = (value: DocumentValue, depth: number, style: Style): string => {
  const between = (open: string, items: readonly string[], close: string): string =>
    items.length === 0
      ? open + close
      : open +
        lineBreak(style, depth + 1) +
        items.join(`,${lineBreak(style, depth + 1)}`) +
        lineBreak(style, depth) +
        close;
  if (isList(value))
    return between(
      '[',
      value.map((item) => render(item, depth + 1, style)),
      ']',
    );
  if (isTable(value)) return between('{', renderMembers(value, depth, style), '}');
  return typeof value === 'bigint' ? value.toString() : JSON.stringify(value);
};

const renderMembers = (table: DocumentTable, depth: number, style: Style): readonly string[] =>
  Object.entries(table).map(
    ([key, value]) => `${JSON.stringify(key)}:${style.newline === '' ? '' : ' '}${render(value, depth + 1, style)}`,
  );
