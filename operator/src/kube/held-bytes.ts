import { Turns } from './turns.ts';

/**
 * The most bytes of one answer or one line of the API server. etcd takes 1.5 MiB for an object, and keeps custom resources as the JSON that is sent; pods take
 * more in JSON, twice as much where nobody means it.
 */
export const maxAnswerBytes = 4 * 1024 * 1024;

/** Up to this size, answers are read beside each other; larger ones are read one at a time. In bytes. */
const smallBytes = 256 * 1024;
const firstBytes = 16 * 1024;

/** Memory is the process's, and so is the one place for what is large. It is used again: what is thrown away stays in memory for a while. */
const turns = new Turns();
let largePlace: Buffer | undefined;

/** Holds the bytes of one answer or line while it is read. Where it is large it waits for its turn. To be disposed when they have been read. */
export class HeldBytes implements Disposable {
  readonly #signal: AbortSignal;
  #place: Buffer = Buffer.allocUnsafe(firstBytes);
  #length = 0;
  #turn: Disposable | undefined;

  /** `signal` must abort in the end: others wait for this one's turn to be over. */
  constructor(signal: AbortSignal) {
    this.#signal = signal;
  }

  get length(): number {
    return this.#length;
  }

  /** True if others wait until this is disposed, or empty. */
  get isLarge(): boolean {
    return this.#turn !== undefined;
  }

  /** The bytes that are held, until they are cleared. */
  get bytes(): Buffer {
    return this.#place.subarray(0, this.#length);
  }

  /** Takes more in. False when there is no room for all of it: the rest is not held. @throws the reason of `signal`. */
  async add(chunk: Uint8Array): Promise<boolean> {
    const wanted = this.#length + chunk.length;
    const end = Math.min(wanted, maxAnswerBytes);
    if (end > this.#place.length) await this.#grow(end);
    this.#place.set(chunk.subarray(0, end - this.#length), this.#length);
    this.#length = end;
    return end === wanted;
  }

  clear(): void {
    this.#length = 0;
    if (this.#turn === undefined) return;
    this.#place = Buffer.allocUnsafe(firstBytes);
    this.#turn[Symbol.dispose]();
    this.#turn = undefined;
  }

  [Symbol.dispose](): void {
    this.clear();
  }

  async #grow(bytes: number): Promise<void> {
    const former = this.bytes;
    if (bytes <= smallBytes) {
      this.#place = Buffer.allocUnsafe(Math.min(smallBytes, Math.max(bytes, 2 * this.#place.length)));
    } else {
      this.#turn = await turns.take(this.#signal);
      largePlace ??= Buffer.allocUnsafeSlow(maxAnswerBytes);
      this.#place = largePlace;
    }
    this.#place.set(former);
  }
}
