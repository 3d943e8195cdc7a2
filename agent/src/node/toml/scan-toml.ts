/**
 * Finds where statements and values of a TOML text begin and end, so that an edit can leave every other byte alone. The text has passed a
 * parser before: the scanner reads extents and checks nothing, except that it names what that parser takes and TOML 1.0 forbids (the
 * parsers of Go, which nodes use, refuse it).
 */
export type Statement = Header | Pair;

export interface Header {
  readonly kind: 'table' | 'array';
  /** Full path. */
  readonly path: readonly string[];
  /** Offset of the line. */
  readonly start: number;
  /** Offset behind the line's end. */
  readonly end: number;
}

export interface Pair {
  readonly kind: 'pair';
  /** Path from the top: that of the table it stands in, and its own, dotted or not. */
  readonly path: readonly string[];
  /** How many keys of `path` the pair itself spells. */
  readonly ownKeys: number;
  /** Index of the header that it stands under; -1 = top of the file. */
  readonly header: number;
  readonly start: number;
  readonly end: number;
  readonly valueStart: number;
  readonly valueEnd: number;
}

export interface TomlScan {
  readonly statements: readonly Statement[];
  readonly notToml10: readonly NotToml10[];
}

/** Forms that TOML 1.1 has and 1.0 has not, and values that neither has. */
export interface NotToml10 {
  readonly offset: number;
  readonly what: string;
  /** The parser of CometBFT since 0.37 takes it all the same, others do not: a file may have it, and no edit writes it. */
  readonly takenByNodes: boolean;
}

export const scanToml = (text: string): TomlScan => new Scanner(text).scan();

class Scanner {
  readonly #text: string;
  readonly #notToml10: NotToml10[] = [];
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  scan(): TomlScan {
    const statements: Statement[] = [];
    let header = -1;
    let table: readonly string[] = [];
    if (this.#text.startsWith('\uFEFF')) this.#at = 1;
    while (this.#at < this.#text.length) {
      const start = this.#at;
      this.#skipBlanks();
      if (this.#peek() === '[') {
        const kind = this.#text[this.#at + 1] === '[' ? 'array' : 'table';
        this.#at += kind === 'array' ? 2 : 1;
        table = this.#keys();
        this.#skipLine();
        header = statements.length;
        statements.push({ kind, path: table, start, end: this.#at });
      } else if (this.#atLineEnd()) {
        this.#skipLine();
      } else {
        const keys = this.#keys();
        this.#at++; // =
        this.#skipBlanks();
        const valueStart = this.#at;
        this.#value(false);
        const valueEnd = this.#at;
        this.#skipLine();
        const path = [...table, ...keys];
        statements.push({
          kind: 'pair',
          path,
          ownKeys: keys.length,
          header,
          start,
          end: this.#at,
          valueStart,
          valueEnd,
        });
      }
    }
    return { statements, notToml10: this.#notToml10 };
  }

  #peek(): string {
    return this.#text[this.#at] ?? '';
  }

  #atLineEnd(): boolean {
    const char = this.#peek();
    return char === '' || char === '\n' || char === '\r' || char === '#';
  }

  #skipBlanks(): void {
    while (this.#peek() === ' ' || this.#peek() === '\t') this.#at++;
  }

  /** To the start of the next line. */
  #skipLine(): void {
    const end = this.#text.indexOf('\n', this.#at);
    this.#at = end < 0 ? this.#text.length : end + 1;
  }

  /** Blanks, line ends and comments, inside a list or an inline table. True where a line ended. */
  #skipSpace(): boolean {
    let line = false;
    for (;;) {
      const char = this.#peek();
      if (char === '#') {
        this.#skipLine();
        line = true;
      } else if (char === ' ' || char === '\t' || char === '\r' || char === '\n') {
        line ||= char === '\n';
        this.#at++;
      } else {
        return line;
      }
    }
  }

  /** A key, dotted or not, up to the `=` or `]` behind it. */
  #keys(): readonly string[] {
    const keys: string[] = [];
    for (;;) {
      this.#skipBlanks();
      const start = this.#at;
      const quote = this.#peek();
      if (quote === '"' || quote === "'") {
        this.#string();
        const raw = this.#text.slice(start + 1, this.#at - 1);
        keys.push(quote === '"' ? unescape(raw) : raw);
      } else {
        while (/[A-Za-z0-9_-]/.test(this.#peek())) this.#at++;
        keys.push(this.#text.slice(start, this.#at));
      }
      this.#skipBlanks();
      if (this.#peek() !== '.') return keys;
      this.#at++;
    }
  }

  #value(inList: boolean): void {
    switch (this.#peek()) {
      case '"':
      case "'":
        this.#string();
        return;
      case '[':
        this.#list();
        return;
      case '{':
        this.#inlineTable();
        return;
      default:
        this.#plain(inList);
    }
  }

  #string(): void {
    const start = this.#at;
    const quote = this.#peek();
    const triple = this.#text.startsWith(quote.repeat(3), start);
    const close = triple ? quote.repeat(3) : quote;
    this.#at += close.length;
    while (this.#at < this.#text.length && !this.#text.startsWith(close, this.#at)) {
      if (quote === '"' && this.#peek() === '\\') {
        const escaped = this.#text[this.#at + 1] ?? '';
        if (escaped === 'e' || escaped === 'x') this.#note(this.#at, `the escape \\${escaped}`, escaped === 'e');
        this.#at++;
      }
      this.#at++;
    }
    this.#at += close.length;
    // Up to two more quotes may belong to the content of a multi-line string.
    if (triple) while (this.#peek() === quote && this.#at < start + this.#text.length) this.#at++;
  }

  #list(): void {
    this.#at++;
    for (;;) {
      this.#skipSpace();
      if (this.#peek() === ']' || this.#peek() === '') break;
      const start = this.#at;
      this.#value(true);
      this.#skipSpace();
      // An edit on the way may be no TOML, which only its check finds: the scan has to end all the same.
      if (this.#peek() === ',' || this.#at === start) this.#at++;
    }
    this.#at++;
  }

  #inlineTable(): void {
    const start = this.#at;
    this.#at++;
    let comma = false;
    for (;;) {
      if (this.#skipSpace()) this.#note(start, 'a line end in an inline table');
      if (this.#peek() === '}' || this.#peek() === '') break;
      this.#keys();
      this.#at++; // =
      this.#skipBlanks();
      this.#value(true);
      if (this.#skipSpace()) this.#note(start, 'a line end in an inline table');
      comma = this.#peek() === ',';
      if (comma) this.#at++;
    }
    if (comma) this.#note(this.#at, 'a comma behind the last key of an inline table');
    this.#at++;
  }

  /** Number, boolean or date: up to what can end a value. */
  #plain(inList: boolean): void {
    const start = this.#at;
    const end = inList ? /[,\]}#\r\n]/ : /[#\r\n]/;
    while (this.#at < this.#text.length && !end.test(this.#peek())) this.#at++;
    while (this.#at > start && /[ \t]/.test(this.#text[this.#at - 1] ?? '')) this.#at--;
    const raw = this.#text.slice(start, this.#at);
    const fault = faultOfPlainValue(raw);
    if (fault !== undefined) this.#note(start, fault);
  }

  #note(offset: number, what: string, takenByNodes = false): void {
    this.#notToml10.push({ offset, what, takenByNodes });
  }
}

/** The fault of a number or a date that the parser has taken. */
const faultOfPlainValue = (raw: string): string | undefined => {
  const [, year, month, day] = /^(\d{4})-(\d\d)-(\d\d)/.exec(raw) ?? [];
  if (day !== undefined && Number(day) > daysIn(Number(year), Number(month))) return 'a date that does not exist';
  if (/(?:^|[Tt ])\d\d:\d\d(?!:|\d)/.test(raw)) return 'a time without seconds';
  if (day !== undefined || raw.includes(':')) return undefined;
  const number = raw.replaceAll('_', '');
  if (/^(?:[+-]?\d+|0x[0-9A-Fa-f]+|0o[0-7]+|0b[01]+)$/.test(number)) {
    return isInt64(number) ? undefined : 'an integer beyond 64 bits';
  }
  return /^[+-]?\d/.test(number) && !Number.isFinite(Number(number)) ? 'a number beyond what a float holds' : undefined;
};

const isInt64 = (number: string): boolean => {
  // More digits than any integer of 64 bits has, with leading zeros; to convert many more would take its time.
  if (number.length > 80) return false;
  const value = number.startsWith('-') ? -BigInt(number.slice(1)) : BigInt(number.replace('+', ''));
  return BigInt.asIntN(64, value) === value;
};

const daysIn = (year: number, month: number): number =>
  month === 2 && (year % 4 !== 0 || (year % 100 === 0 && year % 400 !== 0)) ? 28 : (daysOfMonth[month - 1] ?? 31);

const daysOfMonth = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

const shortEscapes: Readonly<Record<string, string>> = { b: '\b', t: '\t', n: '\n', f: '\f', r: '\r', e: '\u001b' };

const unescape = (raw: string): string =>
  raw.replaceAll(/\\(u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8}|x[0-9A-Fa-f]{2}|.)/g, (_, escape: string) =>
    escape.length > 1 ? String.fromCodePoint(Number.parseInt(escape.slice(1), 16)) : (shortEscapes[escape] ?? escape),
  );

/** The number of the line, from 1, at an offset. */
export const lineAt = (text: string, offset: number): number => text.slice(0, offset).split('\n').length;
