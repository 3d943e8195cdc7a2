/** The most characters of a message on status. */
export const maxMessageCharacters = 1024;

/** Text from elsewhere, made fit for a status message: control and bidirectional characters become spaces, and what is too long is cut. */
export const boundedText = (text: string, max: number = maxMessageCharacters): string => {
  const clean = text
    .slice(0, max + 1)
    .replaceAll(/[\p{Cc}\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]+/gu, ' ')
    .trim();
  return clean.length <= max ? clean : `${clean.slice(0, max - 1).toWellFormed()}…`;
};

/** Ends with a full stop, or with what closes a sentence as well. */
export const withFullStop = (text: string): string => (/[.!?\u2026]$/.test(text) ? text : `${text}.`);

/** "disk-full: no space left"; a text that begins with its code in words, "invalid schedule: …", says it once as well. */
export const withCode = (code: string | undefined, text: string): string => {
  if (code === undefined) return text;
  const inWords = code.replaceAll('-', ' ');
  const lead = text.startsWith(inWords) ? text.indexOf(': ', inWords.length) : -1;
  return `${code}: ${lead < 0 ? text : text.slice(lead + 2)}`;
};

/** "a, b, c and 4 more". */
export const shortList = (items: readonly string[], max = 3, separator = ', '): string =>
  items.length <= max ? items.join(separator) : `${items.slice(0, max).join(separator)} and ${items.length - max} more`;

/** "1 target", "3 targets". */
export const plural = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`;
