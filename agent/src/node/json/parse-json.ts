import { before } from '@nodetask/runtime/foreign-text';
import { TaskError } from '@nodetask/shared';
import type { DocumentTable, DocumentValue } from '../document-value.ts';
import { isTable } from '../document-value.ts';

/** ECMAScript 2025 hands the source text of a number to the reviver; TypeScript's library does not say so yet. */
type SourceReviver = (this: unknown, key: string, value: unknown, context: { readonly source?: string }) => unknown;

const exactIntegers: SourceReviver = (_key, value, context) =>
  typeof value === 'number' && context.source !== undefined && /^-?\d+$/.test(context.source)
    ? BigInt(context.source)
    : value;

/**
 * Parses a JSON object with its integers exact, whatever their size. Throws TaskError `file-invalid` that names `file:line:column`.
 */
export const parseJsonObject = (text: string, file: string): DocumentTable => {
  let value: DocumentValue;
  try {
    value = JSON.parse(text, exactIntegers as (key: string, value: unknown) => unknown) as DocumentValue;
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const [, line, column] = /\(line (\d+) column (\d+)\)/.exec(message) ?? [];
    const where = line === undefined ? file : `${file}:${line}:${column}`;
    // The message of the parser quotes the text around the fault; a config file may hold secrets.
    const what = before(message.replace(/, (?:\.\.\.)?".*$/s, ''), ' in JSON at position');
    throw new TaskError('file-invalid', `${where}: not JSON: ${what}; correct the file there`, { cause: error });
  }
  if (!isTable(value)) {
    throw new TaskError('file-invalid', `${file} is not a JSON object: restore it from a backup or write it anew`);
  }
  return value;
};
