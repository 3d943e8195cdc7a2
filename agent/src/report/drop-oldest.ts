/** The most rows that are remembered. */
export const maxKept = 4096;

/** Keeps a map of rows bounded: what was set first goes first. */
export const dropOldest = (map: Map<string, unknown>): void => {
  for (const key of map.keys()) {
    if (map.size <= maxKept) return;
    map.delete(key);
  }
};
