import { BufferPool } from '../buffer-pool.ts';
import { blockContentBytes } from './codec.ts';

/** What a block of this program's takes at most: content that does not get smaller grows by less than this. */
const usualBytes = blockContentBytes + 64 * 1024;

/** Memory for compressed blocks, used again and again: for fresh memory of a megabyte the kernel is asked page by page. */
export class BlockMemory {
  readonly #pool = new BufferPool(usualBytes);

  /** For a block of so many bytes; larger ones than this program writes have memory of their own. */
  take(bytes: number): Buffer {
    return bytes > usualBytes ? Buffer.allocUnsafeSlow(bytes) : this.#pool.take().subarray(0, bytes);
  }

  /** Nobody may hold a part of it any more. */
  give({ buffer }: Buffer): void {
    if (buffer.byteLength === usualBytes) this.#pool.give(Buffer.from(buffer));
  }
}
