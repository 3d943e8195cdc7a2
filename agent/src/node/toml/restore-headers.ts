import { type Header, scanToml } from './scan-toml.ts';

/**
 * `result` with the header lines that `original` has, byte for byte: toml-patch writes each anew, `[ a.b ] # note` as `[a.b]   # note`.
 * Those of lists, and of sections inside lists, stay as they are: their paths do not say which is which.
 */
export const restoreHeaders = (original: string, result: string): string => {
  const old = Map.groupBy(headersOf(original), keyOf);
  let restored = result;
  for (const header of headersOf(result).toReversed()) {
    const [same, ...others] = old.get(keyOf(header)) ?? [];
    if (same === undefined || others.length > 0) continue;
    const line = lineOf(restored, header);
    restored = restored.slice(0, header.start) + lineOf(original, same) + restored.slice(header.start + line.length);
  }
  return restored;
};

const headersOf = (text: string): readonly Header[] =>
  scanToml(text).statements.filter((statement): statement is Header => statement.kind === 'table');

const keyOf = ({ path }: Header): string => JSON.stringify(path);

const lineOf = (text: string, { start, end }: Header): string => text.slice(start, end).replace(/\r?\n$/, '');
