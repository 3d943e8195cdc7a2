// Runs a program to its end and keeps what it printed: kubectl, go, tar, cometbft init.
import { text } from 'node:stream/consumers';
import { guardedSpawn } from './guarded-spawn.ts';

export interface CommandResult {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CommandOptions {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** Written to standard input, which is then closed. */
  readonly input?: string;
  /** The command is killed after this time (default 60 s). */
  readonly timeoutMs?: number;
}

/** A command that was killed by its time limit or ended with another code than 0. The message holds the end of its output. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
  readonly result: CommandResult;

  constructor(command: string, result: CommandResult, why: string) {
    super(`${command}: ${why}\n${tail(result.stderr === '' ? result.stdout : result.stderr)}`);
    this.result = result;
  }
}

/** Answers also when the command fails: the caller looks at `code`. Throws CommandError only at the time limit. */
export async function runCommand(
  program: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<CommandResult> {
  const { input, timeoutMs = 60_000, ...rest } = options;
  const child = await guardedSpawn(program, args, {
    ...rest,
    stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
  });
  const { stdin, stdout, stderr } = child.process;
  if (stdout === null || stderr === null) throw new Error(`${program}: no pipes for its output`);
  let timedOut = false;
  const timer = setTimeout(() => {
    timedOut = true;
    process.kill(-child.pid, 'SIGKILL');
  }, timeoutMs);
  // A command that ends without reading its input closes the pipe; its exit code says what was wrong.
  stdin?.on('error', () => undefined);
  stdin?.end(input);
  const [out, err, exit] = await Promise.all([text(stdout), text(stderr), child.exited]);
  clearTimeout(timer);
  const result = { ...exit, stdout: out, stderr: err };
  if (timedOut) throw new CommandError([program, ...args].join(' '), result, `killed after ${timeoutMs} ms`);
  return result;
}

/** As runCommand, but any end other than code 0 throws CommandError. */
export async function mustRun(
  program: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<CommandResult> {
  const result = await runCommand(program, args, options);
  if (result.code !== 0) {
    const why = result.signal === null ? `ended with code ${String(result.code)}` : `ended by ${result.signal}`;
    throw new CommandError([program, ...args].join(' '), result, why);
  }
  return result;
}

function tail(output: string): string {
  return output.length <= 4_000 ? output : `…${output.slice(-4_000)}`;
}
