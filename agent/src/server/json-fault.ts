/** Where a text stops being JSON. JSON.parse names the place only sometimes, and quotes the text around it, which may be a secret. */
export interface JsonFault {
  /** From 1. */
  readonly line: number;
  /** From 1. */
  readonly column: number;
  /** What would have been right here. */
  readonly expected: string;
}

// JSON forbids control characters in strings.
const token =
  // Strings are unrolled: a repeat inside a repeat would take exponential time on a string without end.
  // oxlint-disable-next-line no-control-regex
  /[ \t\n\r]*(?:(?<mark>[{}[\],:])|(?<string>"[^"\\\u0000-\u001f]*(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})[^"\\\u0000-\u001f]*)*")|(?<scalar>-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?(?![\w.])|(?:true|false|null)(?!\w))|(?<end>$))/y;

type Tokens = Readonly<Record<string, string | undefined>>;

type Expecting = 'value' | 'value or ]' | 'key' | 'key or }' | ':' | 'more' | 'end';

/** The first fault of a text that JSON.parse refuses; undefined where the text is JSON. */
export const findJsonFault = (text: string): JsonFault | undefined => {
  const open: ('{' | '[')[] = [];
  let expecting: Expecting = 'value';
  let position = 0;
  for (;;) {
    token.lastIndex = position;
    const groups: Tokens | undefined = token.exec(text)?.groups;
    const next: Expecting | 'done' | undefined = groups === undefined ? undefined : step(expecting, groups, open);
    if (next === undefined) return fault(text, position, describe(expecting, open));
    if (next === 'done') return undefined;
    expecting = next;
    position = token.lastIndex;
  }
};

const step = (
  expecting: Expecting,
  { mark, string, scalar, end }: Tokens,
  open: ('{' | '[')[],
): Expecting | 'done' | undefined => {
  const afterValue = (): Expecting => (open.length === 0 ? 'end' : 'more');
  const close = (): Expecting => {
    open.pop();
    return afterValue();
  };
  switch (expecting) {
    case 'value':
    case 'value or ]':
      if (string !== undefined || scalar !== undefined) return afterValue();
      if (mark === ']' && expecting === 'value or ]') return close();
      if (mark !== '{' && mark !== '[') return undefined;
      open.push(mark);
      return mark === '{' ? 'key or }' : 'value or ]';
    case 'key':
    case 'key or }':
      if (string !== undefined) return ':';
      return mark === '}' && expecting === 'key or }' ? close() : undefined;
    case ':':
      return mark === ':' ? 'value' : undefined;
    case 'more':
      if (mark === ',') return open.at(-1) === '{' ? 'key' : 'value';
      return mark === (open.at(-1) === '{' ? '}' : ']') ? close() : undefined;
    case 'end':
      return end === undefined ? undefined : 'done';
    default:
      return expecting satisfies never;
  }
};

const describe = (expecting: Expecting, open: readonly string[]): string => {
  switch (expecting) {
    case 'value':
    case 'value or ]':
      return 'a value';
    case 'key':
      return 'a name in double quotes';
    case 'key or }':
      return 'a name in double quotes, or }';
    case ':':
      return ':';
    case 'more':
      return open.at(-1) === '{' ? ', or }' : ', or ]';
    case 'end':
      return 'the end';
    default:
      return expecting satisfies never;
  }
};

const fault = (text: string, from: number, expected: string): JsonFault => {
  const position = from + (/^[ \t\n\r]*/.exec(text.slice(from))?.[0].length ?? 0);
  const before = text.slice(0, position);
  const lineStart = before.lastIndexOf('\n') + 1;
  return { line: before.split('\n').length, column: position - lineStart + 1, expected };
};

/** Whether objects and lists are nested deeper than `most`. */
export const isDeeperThan = (text: string, most: number): boolean => {
  let depth = 0;
  let inString = false;
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (inString) {
      if (code === 0x5c) index++;
      else if (code === 0x22) inString = false;
    } else if (code === 0x22) inString = true;
    else if (code === 0x7b || code === 0x5b) {
      if (++depth > most) return true;
    } else if (code === 0x7d || code === 0x5d) depth--;
  }
  return false;
};
