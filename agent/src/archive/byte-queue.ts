import { giveBack } from './own-memory.ts';

/**
 * Bytes that come in chunks of any size and are taken in pieces of a wanted size. What lies inside one chunk is not copied; what was answered
 * is valid until the next call.
 */
export class ByteQueue {
  readonly #source: AsyncIterator<Uint8Array, unknown>;
  readonly #chunks: Buffer[] = [];
  /** Chunks that have been taken as a whole. */
  readonly #taken: Buffer[] = [];
  #buffered = 0;
  #ended = false;

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#source = source[Symbol.asyncIterator]();
  }

  /** The next `bytes` without taking them; fewer only at the end. */
  async peek(bytes: number): Promise<Buffer> {
    this.#giveBack();
    while (this.#buffered < bytes && !this.#ended) await this.#pull();
    const [first] = this.#chunks;
    if (first === undefined) return Buffer.alloc(0);
    if (first.length < bytes && this.#chunks.length > 1) return this.#join(Math.min(bytes, this.#buffered));
    return first.subarray(0, bytes);
  }

  /** The next `bytes`; fewer only at the end. */
  async take(bytes: number): Promise<Buffer> {
    const taken = await this.peek(bytes);
    this.#drop(taken.length);
    return taken;
  }

  /** Some of the next bytes, at least one and at most `most`; empty only at the end. */
  async takeSome(most: number): Promise<Buffer> {
    this.#giveBack();
    while (this.#buffered === 0 && !this.#ended) await this.#pull();
    const taken = this.#chunks[0]?.subarray(0, most) ?? Buffer.alloc(0);
    this.#drop(taken.length);
    return taken;
  }

  /** What is left, as a stream. */
  async *rest(): AsyncGenerator<Buffer, void, undefined> {
    for (let chunk = await this.takeSome(Infinity); chunk.length > 0; chunk = await this.takeSome(Infinity))
      yield chunk;
  }

  /** Tells the source that nothing more is wanted. */
  async close(): Promise<void> {
    this.#ended = true;
    this.#chunks.length = 0;
    this.#buffered = 0;
    await this.#source.return?.();
  }

  async #pull(): Promise<void> {
    const next = await this.#source.next();
    if (next.done === true) {
      this.#ended = true;
    } else if (next.value.length > 0) {
      const { buffer, byteOffset, byteLength } = next.value;
      this.#chunks.push(Buffer.from(buffer, byteOffset, byteLength));
      this.#buffered += byteLength;
    }
  }

  /** Makes one chunk, in memory of its own, of the next `bytes`, which lie in several. */
  #join(bytes: number): Buffer {
    const joined = Buffer.allocUnsafeSlow(bytes);
    let filled = 0;
    while (filled < bytes) {
      const first = this.#chunks[0] ?? joined;
      const piece = first.subarray(0, bytes - filled);
      joined.set(piece, filled);
      filled += piece.length;
      if (piece.length === first.length) this.#taken.push(...this.#chunks.splice(0, 1));
      else this.#chunks[0] = first.subarray(piece.length);
    }
    this.#chunks.unshift(joined);
    return joined;
  }

  #giveBack(): void {
    for (const chunk of this.#taken.splice(0)) giveBack(chunk);
  }

  #drop(bytes: number): void {
    const [first] = this.#chunks;
    if (first === undefined || bytes === 0) return;
    this.#buffered -= bytes;
    if (bytes === first.length) this.#taken.push(...this.#chunks.splice(0, 1));
    else this.#chunks[0] = first.subarray(bytes);
  }
}
