import type { LocalSnapshots } from '../snapshot/local-snapshots.ts';

/** The height to upload, or the reason why there is none. */
export type Choice =
  { readonly height: number } | { readonly reason: 'fewer-than-2-snapshots' | 'no-complete-snapshot' };

/**
 * The highest complete snapshot. A node of the SDK lists a snapshot in metadata.db when its last chunk is written. Without a metadata.db nothing
 * tells whether the node has finished the highest folder, so that one is left out.
 */
export const chooseSnapshot = ({
  listed,
  heights,
  complete,
}: Pick<LocalSnapshots, 'listed' | 'heights' | 'complete'>): Choice => {
  if (listed === undefined && heights.length < 2) return { reason: 'fewer-than-2-snapshots' };
  const finished = listed === undefined ? complete.filter((height) => height !== heights.at(-1)) : complete;
  const height = finished.at(-1);
  return height === undefined ? { reason: 'no-complete-snapshot' } : { height };
};
