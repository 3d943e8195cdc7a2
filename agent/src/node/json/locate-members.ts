import { setImmediate } from 'node:timers/promises';
import { escapes, isOfLiteral, literal } from './json-grammar.ts';

/** The place of a value in a text, in bytes. */
export interface Span {
  readonly start: number;
  /** Exclusive. */
  readonly end: number;
}

/** The places of the values of some members of a JSON object, by their names; `''` is the object itself. */
export type Members = ReadonlyMap<string, Span>;

/**
 * Finds members of a JSON object in UTF-8 text of any size without making values of the rest: a parser needs up to 30 bytes of memory for
 * each byte of a hostile text. `wanted` names members of the object, `result`, and of an object in it, `result.height`. Of members with the same
 * name the last counts, as it does for a parser. Undefined where the text is no JSON object, by the whole of it. Lets other work in after
 * every piece of it.
 */
export const locateMembers = async (text: Buffer, wanted: ReadonlySet<string>): Promise<Members | undefined> => {
  const scan = new Scan(text, wanted);
  try {
    while (!scan.advance(pieceBytes)) await setImmediate();
  } catch (error) {
    if (error instanceof NoJson) return undefined;
    throw error;
  }
  return scan.members;
};

/** Takes milliseconds. */
const pieceBytes = 256 * 1024;
const maxDepth = 512;
const maxNumber = 1_000;
const maxKey = 40;

class NoJson extends Error {}

type Expected = 'value' | 'value-or-end' | 'key' | 'key-or-end' | 'colon' | 'comma-or-end' | 'nothing';

class Scan {
  readonly members = new Map<string, Span>();
  readonly #text: Buffer;
  readonly #wanted: ReadonlySet<string>;
  /** Of each open container, whether it is an object. */
  readonly #open: boolean[] = [];
  #at = 0;
  #expected: Expected = 'value';
  /** The last keys of the object and of an object in it, and where their values begin. */
  readonly #keys = ['', ''];
  readonly #starts = [0, 0];
  #rootStart = 0;

  constructor(text: Buffer, wanted: ReadonlySet<string>) {
    this.#text = text;
    this.#wanted = wanted;
  }

  /** Goes on for about so many bytes; answers whether that was all. */
  advance(bytes: number): boolean {
    const text = this.#text;
    const until = Math.min(text.length, this.#at + bytes);
    while (this.#at < until) {
      const byte = text[this.#at] ?? 0;
      switch (byte) {
        case 0x20:
        case 0x09:
        case 0x0a:
        case 0x0d:
          this.#at++;
          break;
        case openBrace:
        case openBracket:
          this.#openContainer(byte === openBrace);
          break;
        case closeBrace:
        case closeBracket:
          this.#closeContainer(byte === closeBrace);
          break;
        case comma:
          if (this.#expected !== 'comma-or-end') throw new NoJson();
          this.#expected = this.#open.at(-1) === true ? 'key' : 'value';
          this.#at++;
          break;
        case colon:
          if (this.#expected !== 'colon') throw new NoJson();
          this.#expected = 'value';
          this.#at++;
          break;
        case quote:
          this.#string();
          break;
        default:
          this.#literal();
      }
    }
    if (this.#at < text.length) return false;
    if (this.#expected !== 'nothing') throw new NoJson();
    return true;
  }

  #openContainer(isObject: boolean): void {
    this.#beginValue(isObject);
    if (this.#open.length >= maxDepth) throw new NoJson();
    this.#open.push(isObject);
    this.#expected = isObject ? 'key-or-end' : 'value-or-end';
    this.#at++;
  }

  #closeContainer(isObject: boolean): void {
    const empty = isObject ? 'key-or-end' : 'value-or-end';
    if (this.#open.at(-1) !== isObject || (this.#expected !== 'comma-or-end' && this.#expected !== empty)) {
      throw new NoJson();
    }
    this.#open.pop();
    this.#at++;
    this.#endValue();
  }

  #string(): void {
    const isKey = this.#expected === 'key' || this.#expected === 'key-or-end';
    if (!isKey) this.#beginValue();
    const start = this.#at;
    this.#at = endOfString(this.#text, start);
    if (!isKey) {
      this.#endValue();
      return;
    }
    const depth = this.#open.length;
    // A name that is longer is none that is wanted.
    if (depth <= 2)
      this.#keys[depth - 1] = this.#at - start > maxKey ? '' : this.#text.toString('latin1', start + 1, this.#at - 1);
    this.#expected = 'colon';
  }

  #literal(): void {
    this.#beginValue();
    const start = this.#at;
    let end = start;
    while (end < this.#text.length && isOfLiteral(this.#text[end] ?? 0)) end++;
    if (end === start || end - start > maxNumber || !literal.test(this.#text.toString('latin1', start, end)))
      throw new NoJson();
    this.#at = end;
    this.#endValue();
  }

  #beginValue(isObject = false): void {
    if (this.#expected !== 'value' && this.#expected !== 'value-or-end') throw new NoJson();
    const depth = this.#open.length;
    if (depth === 0 && !isObject) throw new NoJson();
    if (depth === 0) this.#rootStart = this.#at;
    else if (depth <= 2) this.#starts[depth - 1] = this.#at;
    // A second member of the name: those of the first do not count any more.
    if (depth === 1) this.#forget(this.#keys[0] ?? '');
  }

  #endValue(): void {
    const depth = this.#open.length;
    this.#expected = depth === 0 ? 'nothing' : 'comma-or-end';
    if (depth === 0) this.members.set('', { start: this.#rootStart, end: this.#at });
    if (depth > 2 || this.#open[depth - 1] !== true) return;
    const name = depth === 1 ? (this.#keys[0] ?? '') : `${this.#keys[0] ?? ''}.${this.#keys[1] ?? ''}`;
    if (this.#wanted.has(name)) this.members.set(name, { start: this.#starts[depth - 1] ?? 0, end: this.#at });
  }

  #forget(key: string): void {
    if (!this.#wanted.has(key) || !this.members.has(key)) return;
    for (const name of this.members.keys()) if (name.startsWith(`${key}.`)) this.members.delete(name);
  }
}

const [quote, comma, colon] = [0x22, 0x2c, 0x3a] as const;
const [openBrace, closeBrace, openBracket, closeBracket] = [0x7b, 0x7d, 0x5b, 0x5d] as const;
const backslash = 0x5c;
const letterU = 0x75;

const endOfString = (text: Buffer, start: number): number => {
  for (let at = start + 1; at < text.length; at++) {
    const byte = text[at] ?? 0;
    if (byte === quote) return at + 1;
    if (byte < 0x20) throw new NoJson();
    if (byte !== backslash) continue;
    at++;
    const escaped = text[at] ?? 0;
    if (escaped === letterU) {
      if (!/^[0-9A-Fa-f]{4}$/.test(text.toString('latin1', at + 1, at + 5))) throw new NoJson();
      at += 4;
    } else if (!escapes.has(escaped)) {
      throw new NoJson();
    }
  }
  throw new NoJson();
};
