/**
 * Checks a JSON text as it arrives, in memory that does not grow with it: that it is one JSON object and nothing else. Strings and
 * literals at the top of the object can be captured. Throws JsonStreamError.
 */
export class JsonStream {
  readonly #onMember: (key: string, value: string | undefined) => void;
  readonly #stack: number[] = [];
  #state: State = 'value';
  #position = 0;
  /** Inside a string: what of it has been kept, and how it is going to be used. */
  #string: { readonly isKey: boolean; kept: string; escape: number } | undefined;
  /** A number, true, false or null so far. */
  #literal = '';
  #key = '';

  /** `onMember` gets each member of the top object: its key, and its value where that is a string of at most 256 characters. */
  constructor(onMember: (key: string, value: string | undefined) => void) {
    this.#onMember = onMember;
  }

  write(text: string): void {
    let at = 0;
    while (at < text.length) {
      if (this.#string !== undefined) {
        at = this.#continueString(text, at, this.#string);
        continue;
      }
      space.lastIndex = at;
      if (space.test(text)) {
        this.#endLiteral();
        this.#position += space.lastIndex - at;
        at = space.lastIndex;
        continue;
      }
      const char = text[at] ?? '';
      if (/[-+.0-9A-Za-z]/.test(char)) {
        this.#continueLiteral(char);
      } else {
        this.#endLiteral();
        this.#structure(char);
      }
      at++;
      this.#position++;
    }
  }

  end(): void {
    this.#endLiteral();
    if (this.#string !== undefined || this.#state !== 'done') this.#fail('it ends too early');
  }

  #structure(char: string): void {
    switch (char) {
      case '{':
      case '[':
        this.#open(char);
        return;
      case '}':
      case ']':
        this.#close(char);
        return;
      case ',':
        if (this.#state !== 'comma-or-end') this.#fail('there is a comma where none belongs');
        this.#state = this.#inObject() ? 'key' : 'value';
        return;
      case ':':
        if (this.#state !== 'colon') this.#fail('there is a colon where none belongs');
        this.#state = 'value';
        return;
      case '"':
        this.#openString();
        return;
      default:
        this.#fail(`there is ${JSON.stringify(char)} where none belongs`);
    }
  }

  #open(char: '{' | '['): void {
    this.#expectValue();
    if (this.#stack.length === 0 && char !== '{') this.#fail('it is no object');
    if (this.#stack.length >= maxDepth) this.#fail(`it is nested deeper than ${maxDepth} levels`);
    if (this.#stack.length === 1) this.#onMember(this.#key, undefined);
    this.#stack.push(char === '{' ? 1 : 0);
    this.#state = char === '{' ? 'key-or-end' : 'value-or-end';
  }

  #close(char: '}' | ']'): void {
    const object = char === '}';
    const empty = object ? 'key-or-end' : 'value-or-end';
    if (
      this.#inObject() !== object ||
      this.#stack.length === 0 ||
      (this.#state !== 'comma-or-end' && this.#state !== empty)
    ) {
      this.#fail(`there is ${JSON.stringify(char)} where none belongs`);
    }
    this.#stack.pop();
    this.#afterValue();
  }

  #openString(): void {
    const isKey = this.#state === 'key' || this.#state === 'key-or-end';
    if (!isKey) this.#expectValue();
    if (this.#stack.length === 0) this.#fail('it is no object');
    this.#string = { isKey, kept: '', escape: 0 };
  }

  /** Reads on in a string; answers where it stopped. */
  #continueString(
    text: string,
    start: number,
    string: { readonly isKey: boolean; kept: string; escape: number },
  ): number {
    let at = start;
    if (string.escape === 0) {
      plain.lastIndex = at;
      plain.test(text);
      at = Math.max(at, plain.lastIndex);
    }
    if (at === start && at < text.length) {
      this.#stringCharacter(text[at] ?? '', string);
      at++;
    }
    if (this.#stack.length === 1 && string.kept.length <= maxCaptured) string.kept += text.slice(start, at);
    this.#position += at - start;
    return at;
  }

  #stringCharacter(char: string, string: { readonly isKey: boolean; kept: string; escape: number }): void {
    if (string.escape === 1) {
      if (!/["\\/bfnrtu]/.test(char)) this.#fail(`there is the unknown escape \\${char}`);
      string.escape = char === 'u' ? 5 : 0;
    } else if (string.escape > 1) {
      if (!/[0-9A-Fa-f]/.test(char)) this.#fail('there is a \\u without four hexadecimal digits');
      string.escape = string.escape === 2 ? 0 : string.escape - 1;
    } else if (char === '\\') {
      string.escape = 1;
    } else if (char === '"') {
      this.#closeString(string);
    } else {
      this.#fail('there is a control character in a string');
    }
  }

  #closeString(string: { readonly isKey: boolean; readonly kept: string }): void {
    const value = string.kept.length > maxCaptured ? undefined : (JSON.parse(`"${string.kept}"`) as string);
    this.#string = undefined;
    if (string.isKey) {
      this.#key = value ?? '';
      this.#state = 'colon';
      return;
    }
    if (this.#stack.length === 1) this.#onMember(this.#key, value);
    this.#afterValue();
  }

  #continueLiteral(char: string): void {
    if (this.#literal === '') {
      this.#expectValue();
      if (this.#stack.length === 0) this.#fail('it is no object');
      if (this.#stack.length === 1) this.#onMember(this.#key, undefined);
    }
    this.#literal += char;
    if (this.#literal.length > maxLiteral) this.#fail(`there is a number longer than ${maxLiteral} characters`);
  }

  #endLiteral(): void {
    if (this.#literal === '') return;
    if (!/^(?:true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?)$/.test(this.#literal)) {
      this.#fail(`there is ${JSON.stringify(this.#literal.slice(0, 30))}, which is no value`);
    }
    this.#literal = '';
    this.#afterValue();
  }

  #expectValue(): void {
    if (this.#state !== 'value' && this.#state !== 'value-or-end') this.#fail('there is a value where none belongs');
  }

  #afterValue(): void {
    this.#state = this.#stack.length === 0 ? 'done' : 'comma-or-end';
  }

  #inObject(): boolean {
    return this.#stack.at(-1) === 1;
  }

  #fail(what: string): never {
    throw new JsonStreamError(`not a JSON object: ${what} (at character ${this.#position + 1})`);
  }
}

/** Thrown by JsonStream: the text is no JSON object, or not one that the checker takes. */
export class JsonStreamError extends Error {
  override readonly name = 'JsonStreamError';
}

type State = 'value' | 'value-or-end' | 'key' | 'key-or-end' | 'colon' | 'comma-or-end' | 'done';

const maxDepth = 512;
const maxLiteral = 1_000;
/** Of a string as it is written, escapes included. */
const maxCaptured = 256;

const space = /[ \t\r\n]+/y;

/** What a string may hold as it is. */
// eslint-disable-next-line no-control-regex -- control characters are what ends it
const plain = /[^"\\\u0000-\u001f]*/y;
