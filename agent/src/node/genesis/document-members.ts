import { type JsonEvents, type JsonKind, JsonSyntaxError, JsonTokens } from '../json/json-tokens.ts';
import { NotUtf8Error, Utf8Check } from '../json/utf8-check.ts';
import { foldName } from './go-json.ts';

/** Thrown by MembersReader: the bytes are no genesis document. Its message goes after "it". */
export class NoDocumentError extends Error {
  override readonly name = 'NoDocumentError';
}

/** The members of a genesis document on its top level. */
export interface DocumentMembers {
  /** The JSON of each member that a node judges before its application does, as it is written. */
  readonly json: ReadonlyMap<string, string>;
  /** Of the application's state, which is passed over; undefined if there is none. */
  readonly appState: JsonKind | undefined;
  /** The first names of others, which show people what it is instead. */
  readonly others: readonly string[];
}

const kept = [
  'genesis_time',
  'chain_id',
  'initial_height',
  'consensus_params',
  'validators',
  'app_hash',
  'app_name',
  'app_version',
  'consensus',
] as const;

const appState = 'app_state';

const byFoldedName = new Map<string, string>([...kept, appState].map((name) => [foldName(name), name]));

/**
 * Reads a genesis document piece by piece: it keeps the members that a node judges, and passes over the rest, which may have gigabytes. A name that stands there twice, or in
 * other letters, is refused: of two readers each may take another one. Throws NoDocumentError.
 */
export class MembersReader implements JsonEvents {
  readonly #tokens = new JsonTokens(this);
  readonly #utf8 = new Utf8Check();
  readonly #json = new Map<string, string>();
  readonly #seen = new Set<string>();
  readonly #others: string[] = [];
  #appState: JsonKind | undefined;
  #name: string | undefined;
  #chunk: Uint8Array = new Uint8Array();
  /** Of the first byte of the chunk. */
  #base = 0;
  /** The key or the value that is being taken, and the index in the chunk from which on it has still to be. */
  #taken:
    | {
        readonly parts: Uint8Array[];
        from: number;
        bytes: number;
        readonly maxBytes: number;
        readonly isName: boolean;
      }
    | undefined;
  #keptBytes = 0;

  get json(): ReadonlyMap<string, string> {
    return this.#json;
  }

  write(chunk: Uint8Array): void {
    this.#guard(() => {
      this.#utf8.write(chunk);
      this.#chunk = chunk;
      this.#tokens.write(chunk);
      this.#take(chunk.length);
      if (this.#taken !== undefined) this.#taken.from = 0;
      this.#base += chunk.length;
    });
  }

  end(): DocumentMembers {
    this.#guard(() => {
      this.#utf8.end();
      this.#tokens.end();
    });
    return { json: this.#json, appState: this.#appState, others: this.#others };
  }

  keyStart(at: number): void {
    if (this.#tokens.depth === 1) this.#begin(at, true);
  }

  keyEnd(at: number): void {
    if (this.#tokens.depth !== 1) return;
    const json = this.#finish(at);
    const written = json === undefined ? '' : (JSON.parse(json) as string);
    const name = byFoldedName.get(foldName(written));
    this.#name = name;
    if (name === undefined) {
      if (this.#others.length < maxOthers) this.#others.push(JSON.stringify(written.slice(0, 40)));
      return;
    }
    if (written !== name) {
      throw new NoDocumentError(`has ${written}, which some nodes take for ${name} and others do not: write ${name}`);
    }
    if (this.#seen.has(name)) throw new NoDocumentError(`has ${name} twice`);
    this.#seen.add(name);
  }

  valueStart(at: number, kind: JsonKind): void {
    if (this.#tokens.depth !== 1 || this.#name === undefined) return;
    if (this.#name === appState) this.#appState = kind;
    else this.#begin(at, false);
  }

  valueEnd(at: number): void {
    if (this.#tokens.depth !== 1 || this.#taken === undefined || this.#name === undefined) return;
    const json = this.#finish(at) ?? '';
    this.#json.set(this.#name, json);
    this.#keptBytes += json.length;
  }

  #begin(at: number, isName: boolean): void {
    const maxBytes = isName ? maxNameBytes : maxKeptBytes - this.#keptBytes;
    this.#taken = { parts: [], from: at - this.#base, bytes: 0, maxBytes, isName };
  }

  #take(end: number): void {
    const taken = this.#taken;
    if (taken === undefined) return;
    const part = this.#chunk.subarray(taken.from, end);
    taken.from = end;
    taken.bytes += part.length;
    if (taken.bytes <= taken.maxBytes) taken.parts.push(Uint8Array.from(part));
    else if (taken.isName) taken.parts.length = 0;
    else throw new NoDocumentError(tooLarge);
  }

  /** The members that were taken; undefined for a name that is longer than any that is known. */
  #finish(at: number): string | undefined {
    const taken = this.#taken;
    if (taken === undefined) return undefined;
    this.#take(at - this.#base);
    this.#taken = undefined;
    return taken.bytes > taken.maxBytes ? undefined : Buffer.concat(taken.parts).toString();
  }

  #guard(work: () => void): void {
    try {
      work();
    } catch (error) {
      if (error instanceof NotUtf8Error) throw new NoDocumentError('is not UTF-8 text', { cause: error });
      if (!(error instanceof JsonSyntaxError)) throw error;
      const { message, line, column } = error;
      const hint = message.includes('NUL') ? ': it has NUL bytes, with which a node refuses it' : '';
      throw new NoDocumentError(`cannot be read as JSON: ${message} (line ${line}, column ${column})${hint}`, {
        cause: error,
      });
    }
  }
}

/** Ten thousand validators, as many as CometBFT takes, have less than 4 MB. */
const maxKeptBytes = 4 * 1024 * 1024;
const tooLarge = `has more than ${maxKeptBytes} bytes beside app_state, where a genesis has its validators and parameters`;
const maxNameBytes = 256;
const maxOthers = 5;
