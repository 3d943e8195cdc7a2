import { join } from 'node:path';
import { TaskError } from '@nodetask/shared';
import { blockBytes, paddingAfter } from '../../archive/tar-header.ts';
import { metadataName, pathOfSnapshot } from '../snapshot/snapshots-folder.ts';
import { look, type TreeEntry, walkTree } from './walk-tree.ts';

export interface SnapshotSource {
  /** The folder of the snapshots. */
  readonly folder: string;
  readonly height: number;
  /** Whether `metadata.db` goes along; a file or a folder, as the node's database has it. */
  readonly metadata: boolean;
}

/**
 * What goes into the archive. The metadata comes first: a running node writes into it when it takes its next snapshot, so the sooner it is
 * read the better.
 */
export async function* snapshotEntries(source: SnapshotSource): AsyncGenerator<TreeEntry, void, undefined> {
  const { folder, height } = source;
  if (source.metadata) {
    const metadata = await lookIfThere(join(folder, metadataName), metadataName);
    if (metadata !== undefined) yield* walkTree(metadata);
  }
  yield* walkTree(await look(pathOfSnapshot(folder, height), String(height)));
}

/** Nodes without state sync have none. */
const lookIfThere = async (file: string, path: string): Promise<TreeEntry | undefined> => {
  try {
    return await look(file, path);
  } catch (error) {
    if (error instanceof TaskError && error.code === 'file-changed') return undefined;
    throw error;
  }
};

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
