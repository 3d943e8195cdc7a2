// A long-running child: its output goes to a log file, it can be stopped, killed, frozen and started again with the same command.
import { open, readFile } from 'node:fs/promises';
import { guardedSpawn } from './guarded-spawn.ts';
import type { Exit, GuardedChild } from './guarded-spawn.ts';

export interface ProcessCommand {
  readonly program: string;
  readonly args: readonly string[];
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
}

export interface ManagedProcessOptions {
  /** For messages: "kube-apiserver", "agent sei/sei-rpc-0". */
  readonly name: string;
  readonly logFile: string;
  /** Read at each start. */
  readonly command: () => ProcessCommand | Promise<ProcessCommand>;
  /** Resolves when the process serves. The signal aborts with the reason if the process ends first. */
  readonly ready?: (signal: AbortSignal) => Promise<void>;
  /** Time from SIGTERM to SIGKILL in stop() (default 10 s). */
  readonly graceMs?: number;
}

/** Thrown while waiting for a process that has ended. The message holds the end of its log. */
export class ProcessEndedError extends Error {
  override readonly name = 'ProcessEndedError';
}

export class ManagedProcess implements AsyncDisposable {
  readonly name: string;
  readonly logFile: string;
  readonly #options: ManagedProcessOptions;
  #child: GuardedChild | undefined;
  #starts = 0;

  constructor(options: ManagedProcessOptions) {
    this.name = options.name;
    this.logFile = options.logFile;
    this.#options = options;
  }

  get running(): boolean {
    return this.#child !== undefined;
  }

  /** How often it was started. */
  get starts(): number {
    return this.#starts;
  }

  get pid(): number {
    if (this.#child === undefined) throw new Error(`${this.name} is not running`);
    return this.#child.pid;
  }

  /** Settles when the process that runs now has ended, whoever ended it. */
  get exited(): Promise<Exit> {
    if (this.#child === undefined) throw new Error(`${this.name} is not running`);
    return this.#child.exited;
  }

  /** Starts the process and waits until it serves. */
  async start(): Promise<void> {
    const child = await this.launch();
    try {
      await this.#untilReady(child);
    } catch (error) {
      await this.kill();
      throw error;
    }
  }

  /** Starts the process without waiting until it serves. */
  async launch(): Promise<GuardedChild> {
    if (this.#child !== undefined) throw new Error(`${this.name} runs already (pid ${this.#child.pid})`);
    const command = await this.#options.command();
    await using log = await open(this.logFile, 'a');
    const child = await guardedSpawn(command.program, command.args, {
      stdio: ['ignore', log.fd, log.fd],
      ...(command.cwd === undefined ? {} : { cwd: command.cwd }),
      ...(command.env === undefined ? {} : { env: command.env }),
    });
    this.#child = child;
    this.#starts += 1;
    child.process.once('exit', () => {
      if (this.#child === child) this.#child = undefined;
    });
    return child;
  }

  /** Waits until a launched process serves. Throws ProcessEndedError, at once, if it does not run any more. */
  async untilReady(): Promise<void> {
    if (this.#child === undefined) throw await this.#endedError('already');
    await this.#untilReady(this.#child);
  }

  /** SIGTERM, then SIGKILL after the grace time. Answers how it ended; undefined if it was not running. */
  async stop(): Promise<Exit | undefined> {
    const child = this.#child;
    if (child === undefined) return undefined;
    this.signal('SIGTERM');
    // A frozen process takes SIGTERM only when it runs again.
    this.signal('SIGCONT');
    const timer = setTimeout(() => this.#signalGroup(child, 'SIGKILL'), this.#options.graceMs ?? 10_000);
    try {
      return await child.exited;
    } finally {
      clearTimeout(timer);
    }
  }

  /** kill -9, and waits for the end. */
  async kill(): Promise<Exit | undefined> {
    const child = this.#child;
    if (child === undefined) return undefined;
    this.#signalGroup(child, 'SIGKILL');
    return child.exited;
  }

  /** SIGSTOP: the process keeps its connections and answers nothing. */
  pause(): void {
    this.signal('SIGSTOP');
  }

  /** SIGCONT. */
  resume(): void {
    this.signal('SIGCONT');
  }

  signal(signal: NodeJS.Signals): void {
    if (this.#child !== undefined) this.#signalGroup(this.#child, signal);
  }

  /** The whole log, all starts of the process one after the other. */
  async log(): Promise<string> {
    return readFile(this.logFile, 'utf8');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #untilReady(child: GuardedChild): Promise<void> {
    const { ready } = this.#options;
    if (ready === undefined) return;
    const ended = new AbortController();
    const watchEnd = child.exited.then(async (exit) => {
      const how = exit.signal === null ? `with code ${String(exit.code)}` : `by ${exit.signal}`;
      const reason = await this.#endedError(how);
      ended.abort(reason);
      throw reason;
    });
    await Promise.race([ready(ended.signal), watchEnd]);
  }

  async #endedError(how: string): Promise<ProcessEndedError> {
    const log = await this.log();
    return new ProcessEndedError(
      `${this.name} ended ${how} before it was ready; log ${this.logFile} ends:\n${log.slice(-2_000)}`,
    );
  }

  #signalGroup(child: GuardedChild, signal: NodeJS.Signals): void {
    try {
      process.kill(-child.pid, signal);
    } catch (error) {
      // ESRCH: it ended at this very moment; `exited` tells.
      if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
    }
  }
}
