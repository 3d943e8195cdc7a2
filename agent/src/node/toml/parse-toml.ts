import { TaskError } from '@nodetask/shared';
import type { DocumentTable } from '../document-value.ts';
import { lineAt, scanToml } from './scan-toml.ts';

/** The largest TOML file that tasks read; real ones have some 25 kB, and to parse the most hostile one blocks the process for a quarter of a second. */
export const maxTomlBytes = 128 * 1024;

/** Deeper nesting than any node has, and shallow enough for recursion. */
const maxDepth = 64;

/**
 * Parses TOML without loss, and takes nothing that the parsers of nodes refuse: no byte order mark, nothing of TOML 1.1, no number that Go
 * cannot hold, no date that does not exist. Throws TaskError `file-invalid` that names `file:line:column`.
 */
export const parseToml = async (text: string, file: string): Promise<DocumentTable> => {
  if (text.startsWith('\uFEFF')) {
    throw new TaskError(
      'file-invalid',
      `${file}:1:1: begins with a byte order mark, which nodes refuse; remove these three bytes (EF BB BF): save the file as UTF-8 without BOM`,
    );
  }
  // Loaded on first use: the agent must start fast and may never need it.
  const { parse, TomlError } = await import('smol-toml');
  try {
    const document = parse(text, { integersAsBigInt: true, maxDepth });
    refuseAsNodesDo(text, file);
    return document;
  } catch (error) {
    if (error instanceof TaskError) throw error;
    // The parser's own error is no cause: it has the lines around the fault, which may hold secrets, and the log would have them.
    const where = error instanceof TomlError ? `${file}:${error.line}:${error.column}` : file;
    const what = (error instanceof Error ? error.message : String(error)).split('\n')[0] ?? '';
    throw new TaskError(
      'file-invalid',
      `${where}: ${what.replace(/^Invalid TOML document: /, 'not TOML: ')}; correct the file there`,
    );
  }
};

const refuseAsNodesDo = (text: string, file: string): void => {
  const found = scanToml(text).notToml10.find(({ takenByNodes }) => !takenByNodes);
  if (found === undefined) return;
  const column = found.offset - text.lastIndexOf('\n', found.offset - 1);
  throw new TaskError(
    'file-invalid',
    `${file}:${lineAt(text, found.offset)}:${column}: not TOML 1.0, which nodes read: ${found.what}; correct the file there`,
  );
};
