/** Keys that differ only in the case of their letters, which viper, by which nodes read their files, takes for one. */
import { type DocumentTable, formatPath, isTable, type KeyPath } from '../../node/document-value.ts';
import type { ConfigOnDisk } from './config-files.ts';
import type { Diagnostic } from './diagnostic.ts';
import { configFiles } from './registry.ts';

/**
 * The member that counts among those of one name: one with a capital letter replaces that in small letters, and of two with capital letters chance
 * decides, for which this is the last one.
 */
export const withoutCase = <T>(members: readonly (readonly [string, T])[]): ReadonlyMap<string, T> => {
  const counting = new Map<string, T>();
  for (const [key, value] of members) {
    const name = key.toLowerCase();
    if (key !== name || !counting.has(name)) counting.set(name, value);
  }
  return counting;
};

const maxTwins = 20;

export const twinDiagnostics = ({ files }: ConfigOnDisk): readonly Diagnostic[] =>
  configFiles
    .flatMap((file) =>
      twinsIn(files[file].document, []).map((twins): Diagnostic => {
        const [first = [], ...others] = twins.map(formatPath);
        const capital = twins.filter((path) => path.at(-1) !== path.at(-1)?.toLowerCase());
        const counts = capital.length === 1 ? `${formatPath(capital[0] ?? [])} counts` : 'chance decides which counts';
        return {
          severity: 'WARNING',
          field: String(first),
          message: `and ${others.join(', ')} in ${files[file].path} are one key to the node, and ${counts}: remove all but one`,
        };
      }),
    )
    .slice(0, maxTwins);

const twinsIn = (table: DocumentTable, above: KeyPath): readonly (readonly KeyPath[])[] => {
  const byName = new Map<string, KeyPath[]>();
  for (const key of Object.keys(table)) {
    const name = key.toLowerCase();
    byName.set(name, [...(byName.get(name) ?? []), [...above, key]]);
  }
  return [
    ...[...byName.values()].filter((paths) => paths.length > 1),
    ...Object.entries(table).flatMap(([key, value]) => (isTable(value) ? twinsIn(value, [...above, key]) : [])),
  ];
};
