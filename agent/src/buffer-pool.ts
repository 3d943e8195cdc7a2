/** Buffers of one size that are used again and again: what is in use at once is all that there ever is, and the collector has nothing to do. */
export class BufferPool {
  readonly #spare: Buffer[] = [];
  readonly #bytes: number;

  constructor(bytes: number) {
    this.#bytes = bytes;
  }

  /** One whose content does not matter. */
  take(): Buffer {
    return this.#spare.pop() ?? Buffer.allocUnsafeSlow(this.#bytes);
  }

  /** Nobody may hold a part of it any more. */
  give(buffer: Buffer): void {
    this.#spare.push(buffer);
  }
}
