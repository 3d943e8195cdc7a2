import { formatPath, type KeyPath } from '../../../node/document-value.ts';
import { withoutDashes } from '../without-dashes.ts';

/** Keys of a file by what people know of them. */
export interface KeyIndex {
  /** Every key and section, as messages write them. */
  readonly names: ReadonlySet<string>;
  /** The keys and sections that stand in a section; '' = top of the file. Each by how it reads without its spelling. */
  readonly bySection: ReadonlyMap<string, ReadonlyMap<string, string>>;
  /** Whole keys, by how their last part reads without its spelling. */
  readonly byLastPart: ReadonlyMap<string, readonly string[]>;
}

/** How a key reads without dashes, underscores and case. */
export const plainKey = (key: string): string => withoutDashes(key).toLowerCase();

export const indexOf = (paths: Iterable<KeyPath>): KeyIndex => {
  const names = new Set<string>();
  const bySection = new Map<string, Map<string, string>>();
  const byLastPart = new Map<string, string[]>();
  for (const path of paths) {
    for (const [index, key] of path.entries()) {
      const name = formatPath(path.slice(0, index + 1));
      if (names.has(name)) continue;
      names.add(name);
      const section = formatPath(path.slice(0, index));
      const inSection = bySection.get(section) ?? new Map<string, string>();
      bySection.set(section, inSection.set(plainKey(key), key));
      const same = byLastPart.get(plainKey(key)) ?? [];
      byLastPart.set(plainKey(key), [...same, name]);
    }
  }
  return { names, bySection, byLastPart };
};
