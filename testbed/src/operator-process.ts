// The operator as a local process with a service account of its own.
import { bareEnvironment } from './config.ts';
import { projectPath } from './paths.ts';
import { ManagedProcess } from './process/managed-process.ts';
import type { Exit } from './process/guarded-spawn.ts';
import { waitFor } from './wait.ts';

const READY_TIMEOUT_MS = 30_000;

export interface OperatorSettings {
  /** Only this namespace (default: all). */
  readonly namespace?: string;
  /** Default true: after kill -9 the next leader waits until the Lease has run out (15 s). False: it is the only one and begins at once. */
  readonly leaderElect?: boolean;
  readonly args?: readonly string[];
  /** More environment, or other values for what the testbed sets. */
  readonly env?: Readonly<Record<string, string>>;
}

export interface OperatorProcessOptions {
  /** POD_NAME: the holder in the Lease. */
  readonly name: string;
  readonly kubeconfig: string;
  readonly agentTokenFile: string;
  readonly healthPort: number;
  readonly logFile: string;
  readonly settings: OperatorSettings;
}

export class OperatorProcess implements AsyncDisposable {
  /** Serves /healthz, /readyz and /metrics. */
  readonly healthUrl: string;
  readonly process: ManagedProcess;

  constructor(options: OperatorProcessOptions) {
    this.healthUrl = `http://127.0.0.1:${options.healthPort}`;
    this.process = new ManagedProcess({
      name: options.name,
      logFile: options.logFile,
      command: () => ({
        program: process.execPath,
        args: ['--conditions=nodetask-source', projectPath('operator', 'src', 'main.ts'), ...operatorArgs(options)],
        env: bareEnvironment({
          NODETASK_AGENT_TOKEN_FILE: options.agentTokenFile,
          POD_NAME: options.name,
          ...options.settings.env,
        }),
      }),
      ready: async (signal) => this.untilReady(READY_TIMEOUT_MS, signal),
      graceMs: 30_000,
    });
  }

  get logFile(): string {
    return this.process.logFile;
  }

  /** Starts the operator and waits until /readyz answers 200. */
  async start(): Promise<void> {
    await this.process.start();
  }

  async stop(): Promise<Exit | undefined> {
    return this.process.stop();
  }

  /** kill -9. */
  async kill(): Promise<Exit | undefined> {
    return this.process.kill();
  }

  async restart(): Promise<void> {
    await this.process.stop();
    await this.process.start();
  }

  /** The text of /metrics. */
  async metrics(): Promise<string> {
    const response = await fetch(`${this.healthUrl}/metrics`, { signal: AbortSignal.timeout(5_000) });
    return response.text();
  }

  async untilReady(timeoutMs = READY_TIMEOUT_MS, signal?: AbortSignal): Promise<void> {
    let last = 'no answer yet';
    await waitFor(
      async () => {
        try {
          const response = await fetch(`${this.healthUrl}/readyz`, { signal: AbortSignal.timeout(2_000) });
          last = `HTTP ${response.status} ${(await response.text()).slice(0, 300)}`;
          return response.status === 200;
        } catch (error) {
          last = String(error);
          return false;
        }
      },
      {
        what: `${this.healthUrl}/readyz to answer 200 (log ${this.logFile})`,
        timeoutMs,
        intervalMs: 20,
        detail: () => last,
        ...(signal === undefined ? {} : { signal }),
      },
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}

export function operatorArgs({
  kubeconfig,
  healthPort,
  settings,
}: Pick<OperatorProcessOptions, 'kubeconfig' | 'healthPort' | 'settings'>): string[] {
  return [
    '--kubeconfig',
    kubeconfig,
    ...(settings.namespace === undefined ? [] : ['--namespace', settings.namespace]),
    ...((settings.leaderElect ?? true) ? ['--leader-elect'] : []),
    '--listen',
    `127.0.0.1:${healthPort}`,
    ...(settings.args ?? []),
  ];
}
