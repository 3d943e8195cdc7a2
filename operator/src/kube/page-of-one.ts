import { endOfString, parseForeignJSON, TooManyValuesError } from './foreign-json.ts';

/**
 * Reads a page that was asked for with the limit 1. If its object is too large, or holds too many values, the rest of the page is read without it, with null
 * in its place: the token in `metadata` leads on to the other objects.
 * @param isWhole false: `text` is only the start of the page. There lists of pods have their metadata; custom resources are never so large.
 * @throws SyntaxError; TooManyValuesError if the rest is too much as well.
 */
export const parsePageOfOne = (text: Buffer, isWhole: boolean): unknown => {
  try {
    if (isWhole) return parseForeignJSON(text);
  } catch (error) {
    if (!(error instanceof TooManyValuesError)) throw error;
  }
  return { metadata: parseForeignJSON(memberOf(text, 'metadata') ?? Buffer.from('{}')), items: [null] };
};

const quote = 0x22;
const colon = 0x3a;
const openBracket = 0x5b;
const closeBracket = 0x5d;
const openBrace = 0x7b;
const closeBrace = 0x7d;

/** The text of a member, which is an object or an array, of the object that `text` is; undefined if there is none. */
const memberOf = (text: Buffer, name: string): Buffer | undefined => {
  const wanted = Buffer.from(name);
  let depth = 0;
  let isWanted = false;
  let valueAt = 0;
  for (let at = 0; at < text.length; at += 1) {
    const byte = text[at];
    if (byte === quote) {
      const end = endOfString(text, at);
      if (depth === 1) isWanted = text.subarray(at + 1, end).equals(wanted);
      at = end;
    } else if (byte === colon) {
      if (depth === 1) valueAt = at + 1;
    } else if (byte === openBracket || byte === openBrace) {
      depth += 1;
    } else if (byte === closeBracket || byte === closeBrace) {
      depth -= 1;
      // The value of a member ends with its own bracket.
      if (depth === 1 && isWanted) return text.subarray(valueAt, at + 1);
    }
  }
  return undefined;
};
