/** A watch stream that cannot be understood: reconnect from the last version, never skip what was unreadable. */
export class StreamError extends Error {
  override readonly name = 'StreamError';
}

/** Longest watch event that is believed, in characters: an object of etcd's 1.5 MiB with room for escapes. */
export const maxLineCharacters = 8 * 1024 * 1024;

/**
 * Cuts a stream of UTF-8 bytes into lines at '\n' and nowhere else: U+2028 and U+2029 are legal inside JSON strings, and other line
 * readers split there.
 */
export class LineSplitter {
  readonly #decoder = new TextDecoder('utf-8', { fatal: true });
  readonly #maxCharacters: number;
  /** Pieces of the line that has not ended yet. */
  #pieces: string[] = [];
  #length = 0;

  constructor(maxCharacters = maxLineCharacters) {
    this.#maxCharacters = maxCharacters;
  }

  /**
   * Takes the next bytes and returns the lines that they complete, without their '\n'.
   * @throws StreamError for invalid UTF-8 and for a line that is too long.
   */
  push(chunk: Uint8Array): string[] {
    const lines: string[] = [];
    let text = this.#decode(chunk);
    for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n')) {
      this.#append(text.slice(0, end));
      lines.push(this.#pieces.join(''));
      this.#pieces = [];
      this.#length = 0;
      text = text.slice(end + 1);
    }
    if (text !== '') this.#append(text);
    return lines;
  }

  /** @throws StreamError when the stream ended within a line or a character. */
  end(): void {
    const rest = this.#length + this.#decode(undefined).length;
    if (rest > 0)
      throw new StreamError(`the stream ended in the middle of a line, after ${String(rest)} characters of it`);
  }

  #append(piece: string): void {
    this.#length += piece.length;
    if (this.#length > this.#maxCharacters) {
      throw new StreamError(`a line of the stream is longer than ${String(this.#maxCharacters)} characters`);
    }
    this.#pieces.push(piece);
  }

  #decode(chunk: Uint8Array | undefined): string {
    try {
      return chunk === undefined ? this.#decoder.decode() : this.#decoder.decode(chunk, { stream: true });
    } catch (cause) {
      throw new StreamError('the stream is not valid UTF-8', { cause });
    }
  }
}
