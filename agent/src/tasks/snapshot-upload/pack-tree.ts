import { blockWindow } from '../../archive/block-window.ts';
import { endOfArchive, paddingAfter, tarHeader } from '../../archive/tar-header.ts';
import { BufferPool } from '../../buffer-pool.ts';
import { pieceBuffers, readPieces, readSmall, smallBytes } from './read-unchanged.ts';
import type { TreeEntry } from './walk-tree.ts';

/** Files that are read ahead of the one that is packed. */
const ahead = 8;

/** A tar archive of the entries, in their order. A piece is only valid until the next one is asked for. */
export async function* packTree(entries: AsyncIterable<TreeEntry>): AsyncGenerator<Buffer, void, undefined> {
  // The buffer of a small file is used again once it has been packed.
  const small = new BufferPool(smallBytes);
  const pieces = pieceBuffers();
  const readAhead = async (entry: TreeEntry): Promise<ReadEntry> => {
    if (entry.stat.isDirectory() || entry.stat.size > smallBytes) return { entry };
    const buffer = small.take();
    return { entry, buffer, content: await readSmall(entry, buffer) };
  };
  for await (const { entry, content, buffer } of blockWindow(entries, ahead, readAhead)) {
    const { path, stat } = entry;
    const bytes = stat.isDirectory() ? 0 : stat.size;
    yield tarHeader({
      path,
      type: stat.isDirectory() ? 'directory' : 'file',
      mode: stat.mode & 0o777,
      uid: stat.uid,
      gid: stat.gid,
      mtime: Math.floor(stat.mtimeMs / 1000),
      bytes,
    });
    if (content !== undefined) yield content;
    else if (bytes > 0) yield* readPieces(entry, pieces);
    if (buffer !== undefined) small.give(buffer);
    const padding = paddingAfter(bytes);
    if (padding > 0) yield zeros.subarray(0, padding);
  }
  yield endOfArchive;
}

interface ReadEntry {
  readonly entry: TreeEntry;
  /** Of a small file. */
  readonly content?: Buffer;
  readonly buffer?: Buffer;
}

const zeros = Buffer.alloc(512);
