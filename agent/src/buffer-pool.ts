/** Buffers of one size that are used again and again: what is in use at once is all that there ever is, and the collector has nothing to do. */
export class BufferPool {
  /** Of each buffer. */
  readonly bytes: number;
  readonly #spare: Buffer[] = [];
  readonly #allocate: (bytes: number) => Buffer;

  constructor(bytes: number, allocate: (bytes: number) => Buffer = (size) => Buffer.allocUnsafeSlow(size)) {
    this.bytes = bytes;
    this.#allocate = allocate;
  }

  /** One whose content does not matter. */
  take(): Buffer {
    return this.#spare.pop() ?? this.#allocate(this.bytes);
  }

  /** Nobody may hold a part of it any more. */
  give(buffer: Buffer): void {
    this.#spare.push(buffer);
  }
}
