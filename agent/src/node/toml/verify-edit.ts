import { type DocumentTable, sameValue } from '../document-value.ts';
import { parseToml } from './parse-toml.ts';
import { lineAt, scanToml } from './scan-toml.ts';

/**
 * What is wrong with the result of an edit, or undefined: it is no TOML for a parser that had no part in the edit, it says something
 * else than intended, or it has what TOML 1.1 allows and 1.0, which nodes read, forbids (and the original did not have).
 */
export const problemWithEdit = async (
  result: string,
  intended: DocumentTable,
  original: string,
  file: string,
): Promise<string | undefined> => {
  let parsed: DocumentTable;
  try {
    parsed = await parseToml(result, file);
  } catch (error) {
    return `the result would not be TOML: ${error instanceof Error ? error.message : String(error)}`;
  }
  if (!sameValue(parsed, intended)) return 'the result would have other values than were asked for';
  const [found] = scanToml(result).notToml10;
  return found !== undefined && scanToml(original).notToml10.length === 0
    ? `line ${lineAt(result, found.offset)} of the result would have ${found.what}, which TOML 1.0 forbids`
    : undefined;
};
