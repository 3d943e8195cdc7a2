import { isUtf8 } from 'node:buffer';

/** Thrown by Utf8Check. */
export class NotUtf8Error extends Error {
  override readonly name = 'NotUtf8Error';
}

/** Checks that bytes that come in pieces are UTF-8, without making text of them. */
export class Utf8Check {
  /** The first bytes of a character that goes on in the next piece. */
  #rest: Uint8Array = new Uint8Array();

  write(piece: Uint8Array): void {
    const bytes = this.#rest.length === 0 ? piece : Buffer.concat([this.#rest, piece]);
    const end = bytes.length - unfinished(bytes);
    if (!isUtf8(bytes.subarray(0, end))) throw new NotUtf8Error();
    this.#rest = Buffer.from(bytes.subarray(end));
  }

  end(): void {
    if (this.#rest.length > 0) throw new NotUtf8Error();
  }
}

/** How many bytes at the end are the beginning of a character of more bytes. */
const unfinished = (bytes: Uint8Array): number => {
  for (let back = 1; back <= Math.min(3, bytes.length); back++) {
    const byte = bytes[bytes.length - back] ?? 0;
    if (byte < 0x80) return 0;
    if (byte >= 0xc0) return (byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2) > back ? back : 0;
  }
  return 0;
};
