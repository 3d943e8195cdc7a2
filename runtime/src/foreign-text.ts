/**
 * Small readers of text that other people and programs write. Each takes time in proportion to the text, which a regular expression that
 * begins with a repeat and ends with `$` does not. docs/adr/0027-linear-regexes.md
 */

/** The text without the given characters at its end. */
export const withoutTrailing = (text: string, characters: string): string => {
  let end = text.length;
  while (end > 0 && characters.includes(text.charAt(end - 1))) end--;
  return text.slice(0, end);
};

/** The text without the given characters at its start. */
export const withoutLeading = (text: string, characters: string): string => {
  let start = 0;
  while (start < text.length && characters.includes(text.charAt(start))) start++;
  return text.slice(start);
};

/** The part of a text in front of a mark; the whole text if the mark is not in it. */
export const before = (text: string, mark: string): string => {
  const at = text.indexOf(mark);
  return at < 0 ? text : text.slice(0, at);
};

const begin = '-----BEGIN CERTIFICATE-----';
const end = '-----END CERTIFICATE-----';

/** The blocks of certificates in a PEM text, in order. A block that never ends, or in which another one begins, is none. */
export const certificateBlocks = (pem: string): readonly string[] => {
  const blocks: string[] = [];
  let at = 0;
  for (;;) {
    const opened = pem.indexOf(begin, at);
    if (opened < 0) return blocks;
    const closed = pem.indexOf(end, opened + begin.length);
    if (closed < 0) return blocks;
    const inner = pem.slice(opened + begin.length, closed);
    at = closed + end.length;
    blocks.push(begin + inner.slice(inner.lastIndexOf(begin) < 0 ? 0 : inner.lastIndexOf(begin) + begin.length) + end);
  }
};
