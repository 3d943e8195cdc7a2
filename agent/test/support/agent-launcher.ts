import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { MemoryLimit } from './limits/memory-limit.ts';

export const agentMain = fileURLToPath(new URL('../../src/main.ts', import.meta.url));

/** No agent of a test connects to anything but this machine, whatever its task is told. */
const keepToLoopback = new URL('keep-to-loopback.ts', import.meta.url).href;

/** The agent as the operating system sees it: a process with flags, environment, signals and an exit code. */
export interface LaunchedAgent {
  readonly child: ChildProcess;
  /** What it has logged. */
  readonly lines: readonly Record<string, unknown>[];
  /** Resolves with the first line of this message, from the `since`th line on. */
  line(message: string, since?: number): Promise<Record<string, unknown>>;
  /** The exit code. */
  readonly ended: Promise<number | null>;
  /** All that it has written. */
  stdout(): string;
  stderr(): string;
  /** Of its API. */
  port(): Promise<number>;
  /** Of its probes. */
  probePort(): Promise<number>;
}

/** Starts agents on one home; those that still run in the end are killed. */
export class AgentLauncher implements AsyncDisposable {
  readonly #home: string;
  readonly #limit: MemoryLimit | undefined;
  readonly #children: ChildProcess[] = [];

  constructor(home: string, limit?: MemoryLimit) {
    this.#home = home;
    this.#limit = limit;
  }

  launch(env: Readonly<Record<string, string>> = {}, args: readonly string[] = []): LaunchedAgent {
    const own = ['--conditions=nodetask-source', '--import', keepToLoopback, agentMain, ...args];
    const [program, parts] = this.#limit?.wrap(process.execPath, own) ?? [process.execPath, own];
    const child = spawn(program, parts, {
      env: { NODETASK_HOME: this.#home, NODETASK_LISTEN: '127.0.0.1:0', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#children.push(child);
    const lines: Record<string, unknown>[] = [];
    let [stdout, stderr] = ['', ''];
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    const waiters: (() => void)[] = [];
    const wake = (): void => {
      for (const waiter of waiters.splice(0)) waiter();
    };
    createInterface({ input: child.stdout })
      .on('line', (text) => {
        stdout += `${text}\n`;
        lines.push(JSON.parse(text) as Record<string, unknown>);
        wake();
      })
      .on('close', wake);
    let closed = false;
    const ended = once(child, 'close').then(([code]) => {
      closed = true;
      wake();
      return code as number | null;
    });
    const line = async (message: string, since = 0): Promise<Record<string, unknown>> => {
      for (;;) {
        const found = lines.slice(since).find((candidate) => candidate['message'] === message);
        if (found !== undefined) return found;
        if (closed) throw new Error(`the agent ended without "${message}"; stderr: ${stderr}`);
        await new Promise<void>((resolve) => waiters.push(resolve));
      }
    };
    const port = async (): Promise<number> => Number((await line('listening'))['port']);
    const probePort = async (): Promise<number> => {
      const { probes } = (await line('listening')) as { readonly probes?: { readonly port: number } };
      return Number(probes?.port);
    };
    return { child, lines, line, ended, stdout: () => stdout, stderr: () => stderr, port, probePort };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const child of this.#children.splice(0)) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
  }
}
