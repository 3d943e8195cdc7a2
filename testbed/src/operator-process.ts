// The operator as a local process with a service account of its own.
import { bareEnvironment } from './config.ts';
import type { ProcessCommand } from './process/managed-process.ts';
import { ProgramProcess, programOf } from './process/program-process.ts';
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

export interface SecureSettings {
  /** Of its HTTPS server. */
  readonly port: number;
  /** Who makes the CA. */
  readonly caSource: 'operator' | 'secret';
}

export interface OperatorProcessOptions {
  /** POD_NAME: the holder in the Lease. */
  readonly name: string;
  readonly kubeconfig: string;
  readonly agentTokenFile: string;
  readonly healthPort: number;
  /** Absent: it calls agents by HTTP. */
  readonly secure?: SecureSettings;
  readonly logFile: string;
  readonly settings: OperatorSettings;
}

export class OperatorProcess extends ProgramProcess {
  /** Serves /healthz, /readyz and /metrics. */
  readonly healthUrl: string;
  readonly #options: OperatorProcessOptions;

  constructor(options: OperatorProcessOptions) {
    super({ name: options.name, logFile: options.logFile });
    this.#options = options;
    this.healthUrl = `http://127.0.0.1:${options.healthPort}`;
  }

  /** https://host:port of its HTTPS server: webhooks and certificates. */
  get secureUrl(): string {
    const { secure } = this.#options;
    if (secure === undefined) throw new Error('the operator was started without TLS');
    return `https://127.0.0.1:${secure.port}`;
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

  protected override command(): ProcessCommand {
    const { name, agentTokenFile, settings } = this.#options;
    return {
      ...programOf('operator', operatorArgs(this.#options)),
      env: bareEnvironment({ NODETASK_AGENT_TOKEN_FILE: agentTokenFile, POD_NAME: name, ...settings.env }),
    };
  }

  /** /readyz answers 200. */
  protected override async untilServing(signal: AbortSignal): Promise<void> {
    await this.untilReady(READY_TIMEOUT_MS, signal);
  }
}

export function operatorArgs({
  kubeconfig,
  healthPort,
  secure,
  settings,
}: Pick<OperatorProcessOptions, 'kubeconfig' | 'healthPort' | 'secure' | 'settings'>): string[] {
  return [
    '--kubeconfig',
    kubeconfig,
    ...(settings.namespace === undefined ? [] : ['--namespace', settings.namespace]),
    ...((settings.leaderElect ?? true) ? ['--leader-elect'] : []),
    '--listen',
    `127.0.0.1:${healthPort}`,
    ...(secure === undefined
      ? []
      : [
          '--agent-tls',
          '--secure-listen',
          `127.0.0.1:${secure.port}`,
          '--service-host',
          '127.0.0.1',
          '--ca-source',
          secure.caSource,
        ]),
    ...(settings.args ?? []),
  ];
}
