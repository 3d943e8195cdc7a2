// A program of this project as a local process, run from its sources, started and ended as its pod would be.
import { projectPath } from '../paths.ts';
import type { Exit } from './guarded-spawn.ts';
import { ManagedProcess, type ProcessCommand } from './managed-process.ts';

export interface ProgramProcessOptions {
  /** For messages: "agent sei/sei-rpc-0". */
  readonly name: string;
  readonly logFile: string;
}

export abstract class ProgramProcess implements AsyncDisposable {
  readonly process: ManagedProcess;

  protected constructor({ name, logFile }: ProgramProcessOptions) {
    this.process = new ManagedProcess({
      name,
      logFile,
      command: () => this.command(),
      ready: (signal) => this.untilServing(signal),
      graceMs: 30_000,
    });
  }

  /** Read at each start. */
  protected abstract command(): ProcessCommand | Promise<ProcessCommand>;

  /** Resolves when the program serves. The signal aborts with the reason if its process ends first. */
  protected abstract untilServing(signal: AbortSignal): Promise<void>;

  get logFile(): string {
    return this.process.logFile;
  }

  /** How often the process was started. */
  get starts(): number {
    return this.process.starts;
  }

  /** Starts the program with the state that it left and waits until it serves. */
  async start(): Promise<void> {
    await this.process.start();
  }

  /** SIGTERM, then SIGKILL after 30 s, as a kubelet does. */
  async stop(): Promise<Exit | undefined> {
    return this.process.stop();
  }

  /** kill -9. */
  async kill(): Promise<Exit | undefined> {
    return this.process.kill();
  }

  async restart(): Promise<void> {
    await this.stop();
    await this.start();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}

/** How to run the program of a workspace. */
export const programOf = (
  workspace: 'agent' | 'operator',
  args: readonly string[] = [],
): Pick<ProcessCommand, 'program' | 'args'> => ({
  program: process.execPath,
  args: ['--conditions=nodetask-source', projectPath(workspace, 'src', 'main.ts'), ...args],
});
