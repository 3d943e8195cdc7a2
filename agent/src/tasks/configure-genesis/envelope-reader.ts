/**
 * Takes the genesis document out of the answer of an RPC as it streams by: `{"jsonrpc": …, "result": {"genesis": …}}`, or without the outer
 * object, as some nodes answer. It holds nothing of the document, which is checked by whoever gets it; of what is around it only that it
 * ends where it should.
 */
export class EnvelopeReader {
  #depth = 0;
  #ended = false;
  #inString = false;
  #escaped = false;
  /** Of the string at hand or the last one, at the two outer levels; cut. */
  #text = '';
  /** The members that lead to where the reader is, at the two outer levels. */
  readonly #path: string[] = [];
  /** A colon was read, and the value has not begun. */
  #valueNext = false;
  /** The value that is being handed on or kept, and the depth at which it ends. */
  #inside: { readonly what: 'genesis' | 'error'; readonly depth: number } | undefined;
  #error = '';
  #genesis = 0;
  #chunk = false;

  /** Answers the pieces of the genesis in a chunk. */
  write(chunk: Uint8Array): readonly Uint8Array[] {
    const pieces: Uint8Array[] = [];
    let from = this.#inside === undefined ? -1 : 0;
    for (let at = 0; at < chunk.length; at++) {
      const byte = chunk[at] ?? 0;
      const before = this.#inside;
      this.#byte(byte);
      if (before === undefined && this.#inside !== undefined) from = at;
      else if (before !== undefined && this.#inside === undefined) {
        this.#give(before.what, chunk.subarray(from, at + 1), pieces);
        from = -1;
      }
    }
    if (this.#inside !== undefined) this.#give(this.#inside.what, chunk.subarray(from), pieces);
    return pieces;
  }

  /** Says what the answer was, once all of it has been read. */
  end(): Envelope {
    if (!this.#ended) return { kind: 'cut-off' };
    if (this.#genesis > 1) return { kind: 'several' };
    if (this.#genesis === 1) return { kind: 'genesis' };
    if (this.#error !== '') return { kind: 'error', error: this.#error };
    return { kind: this.#chunk ? 'chunk' : 'other' };
  }

  #give(what: 'genesis' | 'error', bytes: Uint8Array, pieces: Uint8Array[]): void {
    if (what === 'genesis') pieces.push(bytes);
    else this.#error += Buffer.from(bytes.subarray(0, maxError - this.#error.length)).toString('latin1');
  }

  #byte(byte: number): void {
    if (this.#inString) {
      this.#stringByte(byte);
      return;
    }
    if (byte === space || byte === tab || byte === lineFeed || byte === carriageReturn) return;
    if (this.#ended) throw new EnvelopeError('goes on after its end');
    const isValue = this.#valueNext;
    this.#valueNext = false;
    switch (byte) {
      case quote:
        this.#inString = true;
        this.#text = '';
        return;
      case colon:
        this.#afterKey();
        return;
      case openBrace:
      case openBracket:
        if (isValue) this.#beginValue(byte);
        this.#depth += 1;
        return;
      case closeBrace:
      case closeBracket:
        this.#close();
        return;
      default:
    }
  }

  #stringByte(byte: number): void {
    if (this.#escaped) this.#escaped = false;
    else if (byte === backslash) this.#escaped = true;
    else if (byte === quote) this.#inString = false;
    else if (this.#depth <= 2 && this.#text.length < maxKey) this.#text += String.fromCharCode(byte);
  }

  #afterKey(): void {
    this.#valueNext = true;
    if (this.#depth > 2) return;
    this.#path.length = this.#depth - 1;
    this.#path.push(this.#text);
    if (this.#path.join('.') === 'result.chunk' || this.#path.join('.') === 'chunk') this.#chunk = true;
  }

  /** An object or a list that is the value of a member. */
  #beginValue(byte: number): void {
    if (this.#inside !== undefined || this.#depth > 2 || byte !== openBrace) return;
    const path = this.#path.join('.');
    if (path === 'error') this.#inside = { what: 'error', depth: this.#depth };
    if (path !== 'genesis' && path !== 'result.genesis') return;
    this.#genesis += 1;
    this.#inside = { what: 'genesis', depth: this.#depth };
  }

  #close(): void {
    this.#depth -= 1;
    if (this.#depth < 0) throw new EnvelopeError('has a bracket too many');
    if (this.#depth === this.#inside?.depth) this.#inside = undefined;
    this.#ended = this.#depth === 0;
  }
}

export type Envelope =
  | { readonly kind: 'genesis' | 'several' | 'chunk' | 'cut-off' | 'other' }
  /** `error` is its JSON, cut. */
  | { readonly kind: 'error'; readonly error: string };

/** Thrown by EnvelopeReader; its message goes after "it". */
export class EnvelopeError extends Error {
  override readonly name = 'EnvelopeError';
}

/** Of the members that are looked for, the longest has seven letters. */
const maxKey = 16;
const maxError = 200;

const [space, tab, lineFeed, carriageReturn] = [0x20, 0x09, 0x0a, 0x0d];
const [quote, colon, backslash] = [0x22, 0x3a, 0x5c];
const [openBrace, closeBrace, openBracket, closeBracket] = [0x7b, 0x7d, 0x5b, 0x5d];
