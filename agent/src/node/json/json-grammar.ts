/** The words of JSON byte by byte, for the readers that never hold a whole document as text. RFC 8259. */

/** A value that is neither a text nor an object nor a list. */
export const literal = /^(?:true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?)$/;

/** Letters, digits, `+`, `-` and `.`. */
export const isOfLiteral = (byte: number): boolean =>
  (byte >= 0x30 && byte <= 0x39) ||
  (byte >= 0x61 && byte <= 0x7a) ||
  (byte >= 0x41 && byte <= 0x5a) ||
  byte === 0x2b ||
  byte === 0x2d ||
  byte === 0x2e;

/** The bytes that may follow a backslash, beside `u`. */
export const escapes: ReadonlySet<number> = new Set(Buffer.from('"\\/bfnrt'));
