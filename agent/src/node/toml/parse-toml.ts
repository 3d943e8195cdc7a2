import { TaskError } from '@nodetask/shared';
import type { DocumentTable } from '../document-value.ts';

/** The largest TOML file that tasks read; real ones have some 25 kB, and to parse the most hostile one blocks the process for a quarter of a second. */
export const maxTomlBytes = 128 * 1024;

/** Deeper nesting than any node has, and shallow enough for recursion. */
const maxDepth = 64;

/**
 * Parses TOML without loss. Throws TaskError `file-invalid` that names `file:line:column`.
 */
export const parseToml = async (text: string, file: string): Promise<DocumentTable> => {
  // Loaded on first use: the agent must start fast and may never need it.
  const { parse, TomlError } = await import('smol-toml');
  try {
    return parse(text, { integersAsBigInt: true, maxDepth });
  } catch (error) {
    const where = error instanceof TomlError ? `${file}:${error.line}:${error.column}` : file;
    const what = (error instanceof Error ? error.message : String(error)).split('\n')[0] ?? '';
    throw new TaskError(
      'file-invalid',
      `${where}: ${what.replace(/^Invalid TOML document: /, 'not TOML: ')}; correct the file there`,
      {
        cause: error,
      },
    );
  }
};
