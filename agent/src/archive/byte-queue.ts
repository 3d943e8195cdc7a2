import { giveBack } from './own-memory.ts';

/**
 * Bytes that come in chunks of any size and are taken in pieces of a wanted size. What lies inside one chunk is not copied; what was answered
 * is valid until the next call, and the source may use a chunk's memory again when it is asked for the next one.
 */
export class ByteQueue {
  readonly #source: AsyncIterator<Uint8Array, unknown>;
  /** The last that the source gave, to be given back before the next. */
  #chunk: Buffer = empty;
  /** What comes next. */
  #left: Buffer = empty;
  /** The rest of the chunk where `left` is a copy of bytes before it. */
  #behind: Buffer = empty;
  #ended = false;

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#source = source[Symbol.asyncIterator]();
  }

  /** The next `bytes` without taking them; fewer only at the end. */
  async peek(bytes: number): Promise<Buffer> {
    if (this.#left.length === 0) await this.#more();
    if (this.#left.length < bytes && !this.#ended) {
      const joined = Buffer.allocUnsafeSlow(bytes);
      const filled = await this.fill(joined);
      this.#behind = this.#left;
      this.#left = joined.subarray(0, filled);
    }
    return this.#left.subarray(0, bytes);
  }

  /** The next `bytes`; fewer only at the end. */
  async take(bytes: number): Promise<Buffer> {
    const taken = await this.peek(bytes);
    this.#left = this.#left.subarray(taken.length);
    return taken;
  }

  /** Some of the next bytes, at least one and at most `most`; empty only at the end. */
  async takeSome(most: number): Promise<Buffer> {
    if (this.#left.length === 0) await this.#more();
    return this.take(Math.min(most, this.#left.length));
  }

  /** Copies the next bytes into `target`; answers how many, fewer than it has room for only at the end. */
  async fill(target: Buffer): Promise<number> {
    for (let filled = 0; ;) {
      const copied = this.#left.copy(target, filled);
      filled += copied;
      this.#left = this.#left.subarray(copied);
      if (filled === target.length || !(await this.#more())) return filled;
    }
  }

  /** What is left, as a stream of pieces of at most `most` bytes. */
  async *rest(most = Infinity): AsyncGenerator<Buffer, void, undefined> {
    for (let piece = await this.takeSome(most); piece.length > 0; piece = await this.takeSome(most)) yield piece;
  }

  /** Tells the source that nothing more is wanted. */
  async close(): Promise<void> {
    this.#ended = true;
    this.#left = empty;
    this.#behind = empty;
    await this.#source.return?.();
  }

  /** Goes on behind `left`, which is used up; false at the end. */
  async #more(): Promise<boolean> {
    this.#left = this.#behind;
    this.#behind = empty;
    while (this.#left.length === 0 && !this.#ended) {
      giveBack(this.#chunk);
      const next = await this.#source.next();
      if (next.done === true) {
        this.#ended = true;
        this.#chunk = empty;
      } else {
        const { buffer, byteOffset, byteLength } = next.value;
        this.#chunk = Buffer.from(buffer, byteOffset, byteLength);
        this.#left = this.#chunk;
      }
    }
    return this.#left.length > 0;
  }
}

const empty = Buffer.alloc(0);
