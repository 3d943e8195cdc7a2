/** Finds where the members of an object begin and end in a JSON text that has passed a parser. */
export interface Member {
  readonly key: string;
  readonly keyStart: number;
  readonly valueStart: number;
  readonly valueEnd: number;
}

/** The members of the object whose `{` is at or after `offset`, in order. */
export const membersAt = (text: string, offset: number): readonly Member[] => {
  const members: Member[] = [];
  let at = skipSpace(text, text.indexOf('{', offset) + 1);
  while (text[at] === '"') {
    const keyStart = at;
    const keyEnd = skipString(text, at);
    const valueStart = skipSpace(text, skipSpace(text, keyEnd) + 1);
    const valueEnd = skipValue(text, valueStart);
    members.push({ key: JSON.parse(text.slice(keyStart, keyEnd)) as string, keyStart, valueStart, valueEnd });
    at = skipSpace(text, valueEnd);
    if (text[at] === ',') at = skipSpace(text, at + 1);
  }
  return members;
};

/** The place of a value: where it begins and ends. */
export interface Extent {
  readonly start: number;
  readonly end: number;
}

/** The first `max` items of the list whose `[` is at or after `offset`, in order. */
export const elementsAt = (text: string, offset: number, max: number): readonly Extent[] => {
  const elements: Extent[] = [];
  let at = skipSpace(text, text.indexOf('[', offset) + 1);
  while (elements.length < max && at < text.length && text[at] !== ']') {
    const end = skipValue(text, at);
    elements.push({ start: at, end });
    at = skipSpace(text, end);
    if (text[at] === ',') at = skipSpace(text, at + 1);
  }
  return elements;
};

/** The offset behind the value that begins at `offset`. */
const skipValue = (text: string, offset: number): number => {
  const first = text[offset];
  if (first === '"') return skipString(text, offset);
  if (first !== '{' && first !== '[') {
    const end = /[,\]}\s]/g;
    end.lastIndex = offset;
    return end.exec(text)?.index ?? text.length;
  }
  // A loop over characters: a regular expression would take ten times as long as the parser takes for the whole text.
  let depth = 0;
  for (let at = offset; at < text.length; at++) {
    switch (text.charCodeAt(at)) {
      case quote:
        at = skipString(text, at) - 1;
        break;
      case openBrace:
      case openBracket:
        depth++;
        break;
      case closeBrace:
      case closeBracket:
        if (--depth === 0) return at + 1;
        break;
      default:
        break;
    }
  }
  return text.length;
};

const [quote, openBrace, closeBrace, openBracket, closeBracket] = [0x22, 0x7b, 0x7d, 0x5b, 0x5d] as const;

const skipString = (text: string, offset: number): number => {
  for (let end = text.indexOf('"', offset + 1); end >= 0; end = text.indexOf('"', end + 1)) {
    let slashes = 0;
    while (text[end - 1 - slashes] === '\\') slashes++;
    if (slashes % 2 === 0) return end + 1;
  }
  return text.length;
};

const skipSpace = (text: string, offset: number): number => {
  let at = offset;
  while (text[at] === ' ' || text[at] === '\n' || text[at] === '\r' || text[at] === '\t') at++;
  return at;
};
