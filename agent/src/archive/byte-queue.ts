/** Bytes that come in chunks of any size and are taken in pieces of a wanted size. What lies inside one chunk is not copied. */
export class ByteQueue {
  readonly #source: AsyncIterator<Uint8Array, unknown>;
  readonly #chunks: Buffer[] = [];
  #buffered = 0;
  #ended = false;

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#source = source[Symbol.asyncIterator]();
  }

  /** The next `bytes` without taking them; fewer only at the end. */
  async peek(bytes: number): Promise<Buffer> {
    while (this.#buffered < bytes && !this.#ended) await this.#pull();
    const [first] = this.#chunks;
    if (first === undefined) return Buffer.alloc(0);
    if (first.length < bytes && this.#chunks.length > 1) {
      const joined = Buffer.concat(this.#chunks.splice(0));
      this.#chunks.push(joined);
      return joined.subarray(0, bytes);
    }
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

  #drop(bytes: number): void {
    const [first] = this.#chunks;
    if (first === undefined || bytes === 0) return;
    this.#buffered -= bytes;
    if (bytes === first.length) this.#chunks.shift();
    else this.#chunks[0] = first.subarray(bytes);
  }
}
