import { type DocumentTable, isTable } from '../../node/document-value.ts';
import type { ConfigOnDisk } from '../config/config-files.ts';
import type { Diagnostic } from '../config/diagnostic.ts';
import { plural } from '../plural.ts';

/** "the configuration of 223 keys in 2 files is valid, with 2 warnings". */
export const sayValid = ({ files }: ConfigOnDisk, diagnostics: readonly Diagnostic[]): string => {
  const there = Object.values(files).filter(({ text }) => text !== undefined);
  const keys = there.reduce((sum, { document }) => sum + countKeys(document), 0);
  const warnings = diagnostics.filter(({ severity }) => severity === 'WARNING').length;
  const besides = warnings === 0 ? '' : `, with ${plural(warnings, 'warning')}`;
  return `the configuration of ${plural(keys, 'key')} in ${plural(there.length, 'file')} is valid${besides}`;
};

const countKeys = (table: DocumentTable): number =>
  Object.values(table).reduce<number>((sum, value) => sum + (isTable(value) ? countKeys(value) : 1), 0);
