import { type ChildProcessByStdio, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createInterface, type Interface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { isList, isTable, type DocumentValue } from '../../src/node/document-value.ts';

/**
 * The TOML parser of Python's standard library (3.11): of other authors than those that the agent edits and checks with. Values come as
 * JSON of their kinds, so that `1`, `1.0`, `true` and `"1"` differ and 64-bit integers are exact; see `kinded`.
 */
const script = `
import json, struct, sys, tomllib
def kinded(v):
    if isinstance(v, bool): return ["boolean", v]
    if isinstance(v, int): return ["integer", str(v)]
    if isinstance(v, float): return ["float", struct.pack(">d", v).hex()]
    if isinstance(v, str): return ["text", v]
    if isinstance(v, list): return ["list", [kinded(x) for x in v]]
    if isinstance(v, dict): return ["table", {k: kinded(x) for k, x in v.items()}]
    return ["date", v.isoformat()]
for line in sys.stdin:
    try:
        print(json.dumps(kinded(tomllib.loads(json.loads(line)))), flush=True)
    except Exception as error:
        print(json.dumps(["error", str(error)]), flush=True)
`;

/** A value with its kind. */
export type Kinded = readonly [kind: string, value: unknown];

/** What is not there to check with; undefined where all is. */
export const whyNoPython = (): string | undefined => {
  const { status, stderr, error } = spawnSync('python3', ['-c', 'import tomllib'], {
    encoding: 'utf8',
    timeout: 30_000,
  });
  return status === 0 ? undefined : (error?.message ?? stderr.trim().split('\n').at(-1) ?? 'unknown');
};

/** One process that parses text after text. */
export class PythonToml {
  readonly #process: ChildProcessByStdio<Writable, Readable, null>;
  readonly #lines: Interface;
  readonly #answers: AsyncIterator<string, undefined>;

  constructor() {
    this.#process = spawn('python3', ['-c', script], { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#lines = createInterface({ input: this.#process.stdout });
    this.#answers = this.#lines[Symbol.asyncIterator]();
  }

  /** The text as a table of kinded values. Throws where it is no TOML 1.0. One call at a time. */
  async parse(text: string): Promise<Kinded> {
    this.#process.stdin.write(`${JSON.stringify(text)}\n`);
    const answer = await this.#answers.next();
    if (answer.done === true) throw new Error('the TOML parser of Python has ended; see its error above');
    const [kind, parsed] = JSON.parse(answer.value) as [string, unknown];
    if (kind === 'error') throw new Error(`not TOML for Python: ${String(parsed)}`);
    return [kind, parsed];
  }

  async close(): Promise<void> {
    const isEnding = this.#process.exitCode === null ? once(this.#process, 'exit') : undefined;
    this.#process.stdin.end();
    await isEnding;
    this.#lines.close();
  }
}

/** A value of a document in the form in which PythonToml answers. */
export const kinded = (value: DocumentValue): Kinded => {
  if (typeof value === 'boolean') return ['boolean', value];
  if (typeof value === 'bigint') return ['integer', String(value)];
  if (typeof value === 'number') return ['float', hexOf(value)];
  if (typeof value === 'string') return ['text', value];
  if (isList(value)) return ['list', value.map(kinded)];
  if (isTable(value)) return ['table', Object.fromEntries(Object.entries(value).map(([key, of]) => [key, kinded(of)]))];
  if (value instanceof Date) return ['date', value.toISOString()];
  throw new Error('a null has no kind in TOML');
};

/** The bits of a float: -0, and whatever text it is written as. */
const hexOf = (value: number): string => {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleBE(value);
  return bytes.toString('hex');
};
