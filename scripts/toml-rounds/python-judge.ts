import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface, type Interface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import * as z from 'zod';

const operationSchema = z.looseObject({
  kind: z.string(),
  patch: z.record(z.string(), z.unknown()).optional(),
  remove: z.string().optional(),
});

/** An edit of a file, and what its result must be. Most of it is for the judge alone. */
export type Operation = z.output<typeof operationSchema>;

const planSchema = z.union([
  z.strictObject({ operations: z.array(operationSchema) }),
  z.strictObject({ invalid: z.string() }),
]);
const verdictSchema = z.strictObject({ fault: z.string().nullable() });

/** The longest that one answer may take; the largest file takes a few seconds on a busy machine. */
const maxSeconds = 120;

/** One Python for a whole run, which knows tomllib and nothing of the product. */
export class PythonJudge implements AsyncDisposable {
  readonly #process: ChildProcessWithoutNullStreams;
  readonly #lines: Interface;
  readonly #answers: AsyncIterator<string, undefined>;
  #errors = '';

  constructor() {
    this.#process = spawn('python3', ['-I', fileURLToPath(new URL('judge.py', import.meta.url))]);
    this.#process.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#errors = (this.#errors + text).slice(-2000);
    });
    // The end of its output tells of a process that is gone, with what it said last.
    this.#process.on('error', (error) => {
      this.#errors = `python3 cannot be started: ${error.message}`;
    });
    this.#process.stdin.on('error', () => undefined);
    this.#lines = createInterface({ input: this.#process.stdout });
    this.#answers = this.#lines[Symbol.asyncIterator]();
  }

  /** The operations on a file, or why it is no TOML. */
  async plan(bytes: Buffer, seed: number): Promise<z.output<typeof planSchema>> {
    return planSchema.parse(await this.#ask({ plan: bytes.toString('base64'), seed }));
  }

  /** What is wrong with the result of an operation on the file that was planned last; undefined if nothing is. */
  async judge(operation: Operation, after: Buffer): Promise<string | undefined> {
    const { fault } = verdictSchema.parse(await this.#ask({ judge: operation, after: after.toString('base64') }));
    return fault ?? undefined;
  }

  async #ask(request: unknown): Promise<unknown> {
    this.#process.stdin.write(`${JSON.stringify(request)}\n`);
    // A file that it cannot get through ends the run.
    const timer = setTimeout(() => {
      this.#errors = `no answer in ${maxSeconds} s`;
      this.#process.kill();
    }, maxSeconds * 1000);
    const answer = await this.#answers.next();
    clearTimeout(timer);
    if (answer.done === true) throw new Error(`the judge ended: ${this.#errors.trim()}`);
    return JSON.parse(answer.value);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#lines.close();
    if (this.#process.exitCode !== null || this.#process.signalCode !== null || this.#process.pid === undefined) return;
    const exit = once(this.#process, 'exit');
    this.#process.kill();
    await exit;
  }
}
