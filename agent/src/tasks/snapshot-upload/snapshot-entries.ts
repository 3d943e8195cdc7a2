import { blockBytes, paddingAfter } from '../../archive/tar-header.ts';
import { metadataName, pathOfSnapshot } from '../snapshot/snapshots-folder.ts';
import { look, type TreeEntry, walkTree } from './walk-tree.ts';

export interface SnapshotSource {
  /** The folder of the snapshots. */
  readonly folder: string;
  readonly height: number;
  /** The metadata.db that goes along: the agent's own, which lists this height only. */
  readonly metadata?: string | undefined;
}

/** What goes into the archive. */
export async function* snapshotEntries(source: SnapshotSource): AsyncGenerator<TreeEntry, void, undefined> {
  const { folder, height } = source;
  if (source.metadata !== undefined) yield* walkTree(await look(source.metadata, metadataName));
  yield* walkTree(await look(pathOfSnapshot(folder, height), String(height)));
}

export interface TreeSize {
  readonly entries: number;
  /** Of all files. */
  readonly bytes: number;
  /** Of the archive before compression; a little more than it will have where names are short. */
  readonly tarBytes: number;
}

export const measureTree = async (entries: AsyncIterable<TreeEntry>, signal: AbortSignal): Promise<TreeSize> => {
  let count = 0;
  let bytes = 0;
  let tarBytes = 2 * blockBytes;
  for await (const { path, stat } of entries) {
    signal.throwIfAborted();
    const size = stat.isDirectory() ? 0 : stat.size;
    count += 1;
    bytes += size;
    tarBytes += blockBytes + size + paddingAfter(size);
    // What a pax header may take.
    if (path.length > 100) tarBytes += 4 * blockBytes;
  }
  return { entries: count, bytes, tarBytes };
};
