import { before } from '@nodetask/runtime/foreign-text';
import { TaskError } from '@nodetask/shared';
import type { DocumentTable, DocumentValue } from '../document-value.ts';
import { isTable } from '../document-value.ts';

/** ECMAScript 2025 hands the source text of a number to the reviver; TypeScript's library does not say so yet. */
type SourceReviver = (this: unknown, key: string, value: unknown, context: { readonly source?: string }) => unknown;

/** More digits than any amount has: to read a number takes more than its digits in time. */
const maxDigits = 4096;

const exactIntegers: SourceReviver = (_key, value, { source }) => {
  if (typeof value !== 'number' || source === undefined) return value;
  if (source.length > maxDigits) throw new TooLongError(source.length);
  return /^-?\d+$/.test(source) ? BigInt(source) : value;
};

class TooLongError extends Error {
  constructor(characters: number) {
    super(`a number of ${characters} characters, and at most ${maxDigits} are read`);
  }
}

/**
 * Parses a JSON object with its integers exact, whatever their size. Throws TaskError `file-invalid` that names `file:line:column`.
 */
export const parseJsonObject = (text: string, file: string): DocumentTable => {
  let value: DocumentValue;
  try {
    value = JSON.parse(text, exactIntegers as (key: string, value: unknown) => unknown) as DocumentValue;
  } catch (error) {
    if (error instanceof TooLongError) {
      throw new TaskError('file-invalid', `${file} has ${error.message}: correct the file there`, { cause: error });
    }
    const message = error instanceof Error ? error.message : String(error);
    const [, line, column] = /\(line (\d+) column (\d+)\)/.exec(message) ?? [];
    const where = line === undefined ? file : `${file}:${line}:${column}`;
    // The message of the parser quotes the text around the fault, which may be a secret: neither the message nor a cause has it.
    const what = before(message.replace(/, (?:\.\.\.)?".*$/s, ''), ' in JSON at position');
    throw new TaskError('file-invalid', `${where}: not JSON: ${what}; correct the file there`);
  }
  if (!isTable(value)) {
    throw new TaskError('file-invalid', `${file} is not a JSON object: restore it from a backup or write it anew`);
  }
  return value;
};
