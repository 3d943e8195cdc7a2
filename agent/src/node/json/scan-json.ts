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

/** The offset behind the value that begins at `offset`. */
export const skipValue = (text: string, offset: number): number => {
  const first = text[offset];
  if (first === '"') return skipString(text, offset);
  if (first !== '{' && first !== '[') {
    const end = /[,\]}\s]/g;
    end.lastIndex = offset;
    return end.exec(text)?.index ?? text.length;
  }
  const mark = /["{}[\]]/g;
  mark.lastIndex = offset;
  let depth = 0;
  for (let match = mark.exec(text); match !== null; match = mark.exec(text)) {
    if (match[0] === '"') mark.lastIndex = skipString(text, match.index);
    else if (match[0] === '{' || match[0] === '[') depth++;
    else if (--depth === 0) return match.index + 1;
  }
  return text.length;
};

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
