/**
 * The most values that a text from the network may hold. Each takes up to 130 bytes once it is parsed, far more than in the text: `{}` takes 2 there.
 * A page of 250 pods holds about 125,000.
 */
export const maxValues = 200_000;

/** A JSON text holds more values than memory has room for. */
export class TooManyValuesError extends Error {
  override readonly name = 'TooManyValuesError';

  constructor() {
    super(`it holds more than ${String(maxValues)} values`);
  }
}

/**
 * JSON.parse for a text of another program, as the bytes that came, within bounds of memory and time.
 * @throws SyntaxError, TooManyValuesError
 */
export const parseForeignJSON = (text: Buffer): unknown => {
  if (holdsTooMany(text)) throw new TooManyValuesError();
  return JSON.parse(text.toString('utf8'));
};

/** Each value but the outermost comes after one of `[`, `{` and `,` that is not in a string. In UTF-8 these bytes are nothing else. */
const holdsTooMany = (text: Buffer): boolean => {
  let count = 0;
  for (let at = 0; at < text.length; at += 1) {
    const byte = text[at];
    if (byte === quote) {
      at = endOfString(text, at);
    } else if (byte === comma || byte === openBracket || byte === openBrace) {
      count += 1;
      if (count > maxValues) return true;
    }
  }
  return false;
};

const quote = 0x22;
const comma = 0x2c;
const openBracket = 0x5b;
const backslash = 0x5c;
const openBrace = 0x7b;

/** The end of the string that begins at `start`, or the end of the text. */
export const endOfString = (text: Buffer, start: number): number => {
  let at = start + 1;
  while (at < text.length) {
    const byte = text[at];
    if (byte === quote) return at;
    at += byte === backslash ? 2 : 1;
  }
  return at;
};
