/**
 * The skeleton of a JSON document: its text, in which everything that an edit leaves alone has been replaced by short placeholders. It is an
 * object that parses and can be edited like any other; filled with the bytes that the placeholders stand for, it is the document.
 */
import { randomUUID } from 'node:crypto';
import { type JsonEvents, type JsonKind, JsonTokens } from './json-tokens.ts';

/** The parts that an edit looks at: members by their names. A table is followed only where `members` are named, a list kept only where `list` says so. */
export interface Wanted {
  readonly members: Map<string, Wanted>;
  list: boolean;
}

export interface Span {
  readonly start: number;
  readonly end: number;
}

export interface Skeleton {
  readonly text: string;
  /** A text made of the skeleton by edits, as what it says and what it stands for, in order. */
  fill(text: string): Iterable<string | Span>;
}

/** Thrown by SkeletonReader: what the edit looks at is larger than the limit. */
export class SkeletonTooLargeError extends Error {
  override readonly name = 'SkeletonTooLargeError';
}

/** `run`: members one after the other, as one member. */
type Shape = 'object' | 'list' | 'run';

interface Placeholder extends Span {
  readonly shape: Shape;
}

type Piece = Buffer | Placeholder;

/** The places of members that are not wanted, in an object that is followed. */
interface Level {
  readonly wanted: Wanted;
  /** Index of the pieces with all of them since the last wanted member but the last one. */
  run: number | undefined;
  /** Of the last one, which is kept apart: a new member copies what stands before it. */
  last: number | undefined;
}

/** The value that is passed over, or kept, until it ends at this depth. */
interface Passing {
  readonly depth: number;
  readonly start: number;
  readonly as: Shape | 'kept';
}

/** Of a placeholder, and of what JavaScript keeps with each. */
const placeholderBytes = 200;

/** Reads a document, given piece by piece, into its skeleton. Throws JsonSyntaxError, SkeletonTooLargeError. */
export class SkeletonReader implements JsonEvents {
  readonly #maxBytes: number;
  readonly #tokens: JsonTokens;
  readonly #pieces: Piece[] = [];
  readonly #levels: Level[] = [];
  readonly #root: Wanted;
  #bytes = 0;
  #chunk: Buffer = Buffer.alloc(0);
  #base = 0;
  /** The index in the chunk from which on bytes have still to be kept; undefined while a value is passed over. */
  #keepFrom: number | undefined = 0;
  #key: { readonly start: number; parts: Buffer[]; from: number; bytes: number } | undefined;
  #asked: Wanted | undefined;
  #keyStart = 0;
  #passing: Passing | undefined;

  constructor(wanted: Wanted, maxBytes: number) {
    this.#root = wanted;
    this.#maxBytes = maxBytes;
    this.#tokens = new JsonTokens(this);
  }

  write(chunk: Buffer): void {
    this.#chunk = chunk;
    this.#tokens.write(chunk);
    if (this.#keepFrom !== undefined) this.#keep(chunk.subarray(this.#keepFrom));
    if (this.#key !== undefined) this.#continueKey(chunk.length);
    this.#base += chunk.length;
    if (this.#keepFrom !== undefined) this.#keepFrom = 0;
    if (this.#key !== undefined) this.#key.from = 0;
  }

  end(): Skeleton {
    this.#tokens.end();
    return skeletonOf(this.#pieces);
  }

  keyStart(at: number): void {
    if (this.#passing !== undefined) return;
    this.#stopKeeping(at);
    this.#key = { start: at, parts: [], from: at - this.#base, bytes: 0 };
  }

  keyEnd(at: number): void {
    if (this.#key === undefined) return;
    this.#continueKey(at - this.#base);
    const { start, parts, bytes } = this.#key;
    this.#key = undefined;
    this.#keyStart = start;
    const level = this.#levels.at(-1);
    const text = bytes > maxKeyBytes ? undefined : Buffer.concat(parts);
    this.#asked = text === undefined ? undefined : level?.wanted.members.get(JSON.parse(text.toString()) as string);
    if (text === undefined || this.#asked === undefined || level === undefined) {
      this.#passing = { depth: this.#tokens.depth, start, as: 'run' };
      return;
    }
    level.run = level.last = undefined;
    this.#keep(text);
    this.#keepFrom = at - this.#base;
  }

  valueStart(at: number, kind: JsonKind): void {
    if (this.#passing !== undefined) return;
    const depth = this.#tokens.depth;
    if (depth === 0) {
      this.#levels.push({ wanted: this.#root, run: undefined, last: undefined });
      return;
    }
    const asked = this.#asked;
    if (asked === undefined) return;
    if (kind === 'object' && asked.members.size > 0) {
      this.#levels.push({ wanted: asked, run: undefined, last: undefined });
    } else if (kind === 'object' || (kind === 'list' && !asked.list)) {
      this.#stopKeeping(at);
      this.#passing = { depth, start: at, as: kind };
    } else {
      this.#passing = { depth, start: at, as: 'kept' };
    }
  }

  valueEnd(at: number): void {
    const depth = this.#tokens.depth;
    const passing = this.#passing;
    if (passing === undefined) {
      // No value is read outside of a level but those that are passed over: a level ends.
      this.#levels.pop();
      return;
    }
    if (depth !== passing.depth) return;
    this.#passing = undefined;
    switch (passing.as) {
      case 'kept':
        return;
      case 'run':
        this.#addToRun({ start: this.#keyStart, end: at });
        break;
      case 'object':
      case 'list':
        this.#put({ shape: passing.as, start: passing.start, end: at });
        break;
      default:
        passing.as satisfies never;
    }
    this.#keepFrom = at - this.#base;
  }

  #addToRun({ start, end }: Span): void {
    const level = this.#levels.at(-1);
    if (level === undefined) throw new Error('a member outside of an object');
    const { run, last } = level;
    const [first, previous] = [pieceAt(this.#pieces, run), pieceAt(this.#pieces, last)];
    if (run !== undefined && last !== undefined && first !== undefined && previous !== undefined) {
      // The run takes in the last member and what stands before it.
      this.#pieces[run] = { ...first, end: previous.end };
      for (const gone of this.#pieces.splice(run + 1, last - run)) this.#bytes -= sizeOf(gone);
      level.last = run;
    }
    level.run = level.last;
    level.last = this.#pieces.length;
    this.#put({ shape: 'run', start, end });
  }

  #continueKey(end: number): void {
    const key = this.#key;
    if (key === undefined) return;
    const part = this.#chunk.subarray(key.from, end);
    key.bytes += part.length;
    if (key.bytes <= maxKeyBytes) key.parts.push(Buffer.from(part));
    else key.parts = [];
  }

  #stopKeeping(at: number): void {
    if (this.#keepFrom === undefined) return;
    this.#keep(this.#chunk.subarray(this.#keepFrom, at - this.#base));
    this.#keepFrom = undefined;
  }

  #keep(bytes: Buffer): void {
    if (bytes.length > 0) this.#put(Buffer.from(bytes));
  }

  #put(piece: Piece): void {
    this.#pieces.push(piece);
    this.#bytes += sizeOf(piece);
    if (this.#bytes > this.#maxBytes) throw new SkeletonTooLargeError();
  }
}

/** A longer key is none that a patch names: its text has at most a few kilobytes. */
const maxKeyBytes = 64 * 1024;

const sizeOf = (piece: Piece): number => ('shape' in piece ? placeholderBytes : piece.length + placeholderBytes);

const pieceAt = (pieces: readonly Piece[], index: number | undefined): Placeholder | undefined => {
  const piece = index === undefined ? undefined : pieces[index];
  return piece !== undefined && 'shape' in piece ? piece : undefined;
};

const skeletonOf = (pieces: readonly Piece[]): Skeleton => {
  // Nobody can have written it into the document.
  const name = `nodetask-${randomUUID()}`;
  const marks: (Placeholder & { readonly text: string })[] = [];
  const text = Buffer.concat(
    pieces.map((piece) => {
      if (!('shape' in piece)) return piece;
      const mark = markOf(`"${name}:${marks.length}"`, piece.shape);
      marks.push({ ...piece, text: mark });
      return Buffer.from(mark);
    }),
  ).toString();
  const fill = function* (edited: string): Generator<string | Placeholder, void, undefined> {
    let at = 0;
    for (let found = edited.indexOf(name); found >= 0; found = edited.indexOf(name, at)) {
      const index = Number.parseInt(edited.slice(found + name.length + 1, found + name.length + 10), 10);
      const mark = marks[index];
      if (mark === undefined) throw new Error('a placeholder that stands for nothing');
      const start = found - mark.text.indexOf(name);
      yield edited.slice(at, start);
      yield mark;
      at = start + mark.text.length;
    }
    yield edited.slice(at);
  };
  return { text, fill };
};

const markOf = (name: string, shape: Shape): string =>
  shape === 'run' ? `${name}:0` : shape === 'list' ? `[${name}]` : `{${name}:0}`;
