import { escapes, isOfLiteral, literal } from './json-grammar.ts';

/** What the value that begins is. */
export type JsonKind = 'object' | 'list' | 'text' | 'other';

/** Told of every key and value of a document, in order. Places are bytes from its beginning; an end is exclusive. */
export interface JsonEvents {
  keyStart(at: number): void;
  keyEnd(at: number): void;
  valueStart(at: number, kind: JsonKind): void;
  valueEnd(at: number): void;
}

/** Thrown by JsonTokens: the bytes are no JSON, or not such as are read. */
export class JsonSyntaxError extends Error {
  override readonly name = 'JsonSyntaxError';
  readonly line: number;
  readonly column: number;

  constructor(what: string, line: number, column: number) {
    super(what);
    this.line = line;
    this.column = column;
  }
}

/**
 * Reads one JSON object piece by piece, in memory that does not grow with it, and refuses what a parser refuses. That the bytes are UTF-8 is for the
 * caller to see. Throws JsonSyntaxError.
 */
export class JsonTokens {
  readonly #events: JsonEvents;
  /** Of each open container, whether it is an object. */
  readonly #open: boolean[] = [];
  #expected: Expected = 'value';
  /** Inside a text: the state of its escapes. Outside: `outside`. */
  #text: number = outside;
  #isKey = false;
  /** A number, true, false or null so far. */
  #literal = '';
  /** Of the first byte of the piece. */
  #base = 0;
  #line = 1;
  #lineStart = 0;

  constructor(events: JsonEvents) {
    this.#events = events;
  }

  /** Containers that are open. */
  get depth(): number {
    return this.#open.length;
  }

  write(piece: Uint8Array): void {
    let at = 0;
    while (at < piece.length) {
      if (this.#text !== outside) {
        at = this.#continueText(piece, at);
        continue;
      }
      const byte = piece[at] ?? 0;
      if (isOfLiteral(byte)) at = this.#continueLiteral(piece, at);
      else {
        this.#endLiteral(at);
        this.#structure(byte, at);
        at++;
      }
    }
    this.#base += piece.length;
  }

  end(): void {
    this.#endLiteral(0);
    if (this.#text !== outside || this.#expected !== 'nothing') this.#fail('it ends too early', 0);
  }

  #structure(byte: number, at: number): void {
    switch (byte) {
      case 0x20:
      case 0x09:
      case 0x0d:
        return;
      case newline:
        this.#line++;
        this.#lineStart = this.#base + at + 1;
        return;
      case openBrace:
      case openBracket:
        this.#openContainer(byte === openBrace, at);
        return;
      case closeBrace:
      case closeBracket:
        this.#closeContainer(byte === closeBrace, at);
        return;
      case comma:
        if (this.#expected !== 'comma-or-end') this.#fail('there is a comma where none belongs', at);
        this.#expected = this.#open.at(-1) === true ? 'key' : 'value';
        return;
      case colon:
        if (this.#expected !== 'colon') this.#fail('there is a colon where none belongs', at);
        this.#expected = 'value';
        return;
      case quote:
        this.#openText(at);
        return;
      default:
        this.#fail(`there is a ${byte === 0 ? 'NUL byte' : 'character'} where none belongs`, at);
    }
  }

  #openContainer(isObject: boolean, at: number): void {
    if (this.#open.length === 0 && !isObject) this.#fail('it is not a JSON object', at);
    this.#beginValue(at, isObject ? 'object' : 'list');
    if (this.#open.length >= maxDepth) this.#fail(`it is nested deeper than ${maxDepth} levels`, at);
    this.#open.push(isObject);
    this.#expected = isObject ? 'key-or-end' : 'value-or-end';
  }

  #closeContainer(isObject: boolean, at: number): void {
    const empty = isObject ? 'key-or-end' : 'value-or-end';
    if (this.#open.at(-1) !== isObject || (this.#expected !== 'comma-or-end' && this.#expected !== empty)) {
      this.#fail(`there is a ${isObject ? '}' : ']'} where none belongs`, at);
    }
    this.#open.pop();
    this.#endValue(at + 1);
  }

  #openText(at: number): void {
    this.#isKey = this.#expected === 'key' || this.#expected === 'key-or-end';
    if (this.#isKey) this.#events.keyStart(this.#base + at);
    else this.#beginValue(at, 'text');
    this.#text = plain;
  }

  /** Reads on in a text; answers where it stopped. */
  #continueText(piece: Uint8Array, start: number): number {
    let state = this.#text;
    for (let at = start; at < piece.length; at++) {
      const byte = piece[at] ?? 0;
      if (state === plain) {
        if (byte === quote) {
          this.#text = outside;
          this.#endText(at + 1);
          return at + 1;
        }
        if (byte === backslash) state = escaped;
        else if (byte < 0x20) this.#fail('there is a control character in a text', at);
      } else if (state === escaped) {
        if (byte === letterU) state = 4;
        else if (escapes.has(byte)) state = plain;
        else this.#fail('there is an unknown escape in a text', at);
      } else {
        if (!isHex(byte)) this.#fail('there is a \\u without four hexadecimal digits', at);
        state = state === 1 ? plain : state - 1;
      }
    }
    this.#text = state;
    return piece.length;
  }

  #endText(end: number): void {
    if (!this.#isKey) {
      this.#endValue(end);
      return;
    }
    this.#expected = 'colon';
    this.#events.keyEnd(this.#base + end);
  }

  #continueLiteral(piece: Uint8Array, start: number): number {
    const isWhole = this.#literal === '';
    if (isWhole) this.#beginValue(start, 'other');
    let end = start;
    while (end < piece.length && isDigit(piece[end] ?? 0)) end++;
    // Most are plain integers, and of those there may be millions.
    if (isWhole && end < piece.length && !isOfLiteral(piece[end] ?? 0) && isInteger(piece, start, end)) {
      this.#endValue(end);
      return end;
    }
    while (end < piece.length && isOfLiteral(piece[end] ?? 0)) end++;
    if (this.#literal.length + end - start > maxDigits) {
      this.#fail(`there is a number of more than ${maxDigits} characters`, start);
    }
    this.#literal += String.fromCharCode(...piece.subarray(start, end));
    return end;
  }

  #endLiteral(end: number): void {
    if (this.#literal === '') return;
    if (!literal.test(this.#literal)) this.#fail('there is a word that is no value', end);
    this.#literal = '';
    this.#endValue(end);
  }

  #beginValue(at: number, kind: JsonKind): void {
    if (this.#expected !== 'value' && this.#expected !== 'value-or-end')
      this.#fail('there is a value where none belongs', at);
    if (this.#open.length === 0 && kind !== 'object') this.#fail('it is not a JSON object', at);
    this.#events.valueStart(this.#base + at, kind);
  }

  #endValue(end: number): void {
    this.#expected = this.#open.length === 0 ? 'nothing' : 'comma-or-end';
    this.#events.valueEnd(this.#base + end);
  }

  #fail(what: string, at: number): never {
    throw new JsonSyntaxError(what, this.#line, this.#base + at - this.#lineStart + 1);
  }
}

type Expected = 'value' | 'value-or-end' | 'key' | 'key-or-end' | 'colon' | 'comma-or-end' | 'nothing';

const maxDepth = 512;
/** As the parser of smaller files has it. */
const maxDigits = 4096;

/** States inside a text; 1 to 4 are the hexadecimal digits that have still to come. */
const [outside, plain, escaped] = [-1, 0, 5] as const;

const [newline, quote, comma, colon, backslash, letterU] = [0x0a, 0x22, 0x2c, 0x3a, 0x5c, 0x75] as const;
const [openBrace, closeBrace, openBracket, closeBracket] = [0x7b, 0x7d, 0x5b, 0x5d] as const;

const isHex = (byte: number): boolean =>
  (byte >= 0x30 && byte <= 0x39) || (byte >= 0x41 && byte <= 0x46) || (byte >= 0x61 && byte <= 0x66);

const zero = 0x30;

const isDigit = (byte: number): boolean => byte >= zero && byte <= 0x39;

const isInteger = (piece: Uint8Array, start: number, end: number): boolean =>
  end - start === 1 || (end - start > 1 && end - start <= maxDigits && piece[start] !== zero);
