// The agent of one pod as a local process, with what a kubelet and the pod's manifest would give it.
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { bareEnvironment } from './config.ts';
import { httpCall } from './net/http-call.ts';
import type { TlsCall } from './net/http-call.ts';
import type { ProcessCommand } from './process/managed-process.ts';
import { onVolume } from './process/small-volume.ts';
import { ProgramProcess, programOf } from './process/program-process.ts';
import { targetOf } from './fault-proxy.ts';
import { waitFor } from './wait.ts';

const READY_TIMEOUT_MS = 30_000;
const REQUEST_TIMEOUT_MS = 10_000;

export interface AgentSettings {
  /** The node's home with config/ and data/ (default: an empty one that is kept for the pod's name). */
  readonly home?: string;
  /** NODETASK_NODE_RPC. */
  readonly nodeRPC?: string;
  /** NODETASK_ALLOW_HOST. */
  readonly allowHosts?: readonly string[];
  /** More environment, or other values for what the testbed sets. */
  readonly env?: Readonly<Record<string, string>>;
  /** The home is an empty volume of its own of this size, which goes with the process; see whyNoVolume(). */
  readonly volumeMiB?: number;
}

/** How the agent lets callers in, and how request() gets in. */
export type AgentAccess =
  | { readonly kind: 'token'; readonly token: string; readonly tokenFile: string }
  | {
      readonly kind: 'tls';
      readonly env: Readonly<Record<string, string>>;
      readonly caller: () => Promise<TlsCall>;
    };

export interface AgentProcessOptions {
  readonly pod: { readonly namespace: string; readonly name: string; readonly uid: string };
  readonly ip: string;
  readonly port: number;
  readonly home: string;
  readonly logFile: string;
  readonly settings: AgentSettings;
  readonly serviceAccountFolder: string;
  /** Where the agent finds the API server: https://host:port, perhaps a fault proxy's. */
  readonly apiServer: string;
  readonly access: AgentAccess;
  /** What the pod has mounted; ends after the agent. */
  readonly volumes: AsyncDisposable;
}

export interface AgentAnswer {
  readonly status: number;
  readonly headers: Headers;
  /** Parsed JSON, or the text if it is none. */
  readonly body: unknown;
}

export class AgentProcess extends ProgramProcess {
  readonly pod: AgentProcessOptions['pod'];
  readonly home: string;
  /** http://127.x.y.z:port, of the agent itself; https:// with TLS. */
  readonly url: string;
  readonly #options: AgentProcessOptions;

  constructor(options: AgentProcessOptions) {
    super({ name: `agent ${options.pod.namespace}/${options.pod.name}`, logFile: options.logFile });
    this.#options = options;
    this.pod = options.pod;
    this.home = options.home;
    this.url = `${options.access.kind === 'tls' ? 'https' : 'http'}://${options.ip}:${options.port}`;
  }

  /** Waits until a process that was launched answers. */
  async untilLive(): Promise<void> {
    await this.process.untilReady();
  }

  /** A request as the operator makes it; `anonymous` leaves token and client certificate off. Answers whatever the status. */
  async request(
    method: string,
    path: string,
    options: {
      readonly body?: unknown;
      readonly headers?: Readonly<Record<string, string>>;
      readonly anonymous?: boolean;
      readonly timeoutMs?: number;
    } = {},
  ): Promise<AgentAnswer> {
    const { access } = this.#options;
    const known = options.anonymous !== true;
    const { status, headers, text } = await httpCall({
      url: `${this.url}${path}`,
      method,
      headers: {
        ...(known && access.kind === 'token' ? { authorization: `Bearer ${access.token}` } : {}),
        ...(options.body === undefined ? {} : { 'content-type': 'application/json' }),
        ...options.headers,
      },
      ...(options.body === undefined ? {} : { body: JSON.stringify(options.body) }),
      ...(known && access.kind === 'tls' ? { tls: await access.caller() } : {}),
      signal: AbortSignal.timeout(options.timeoutMs ?? REQUEST_TIMEOUT_MS),
    });
    return { status, headers, body: parseJson(text) };
  }

  override async [Symbol.asyncDispose](): Promise<void> {
    await super[Symbol.asyncDispose]();
    await this.#options.volumes[Symbol.asyncDispose]();
  }

  protected override async command(): Promise<ProcessCommand> {
    const { home } = this.#options;
    await mkdir(join(home, 'config'), { recursive: true });
    await mkdir(join(home, 'data'), { recursive: true });
    const { volumeMiB } = this.#options.settings;
    const command = { ...programOf('agent'), cwd: home, env: agentEnvironment(this.#options) };
    return volumeMiB === undefined ? command : { ...command, ...onVolume(command, home, volumeMiB) };
  }

  protected override async untilServing(signal: AbortSignal): Promise<void> {
    await waitFor(async () => this.#isLive(signal), {
      what: `${this.url}/v0/livez to answer 200`,
      timeoutMs: READY_TIMEOUT_MS,
      intervalMs: 10,
      signal,
    });
  }

  async #isLive(signal: AbortSignal): Promise<boolean> {
    try {
      const { status } = await httpCall({
        url: `${this.url}/v0/livez`,
        signal: AbortSignal.any([signal, AbortSignal.timeout(1_000)]),
      });
      return status === 200;
    } catch {
      // Not listening yet; the wait has a budget, and an agent that ends is reported by its exit.
      return false;
    }
  }
}

/** What the pod's manifest and the kubelet would set. */
export function agentEnvironment(options: Omit<AgentProcessOptions, 'logFile' | 'volumes'>): Record<string, string> {
  const { pod, settings, access } = options;
  const apiServer = targetOf(options.apiServer);
  return bareEnvironment({
    NODETASK_HOME: options.home,
    NODETASK_LISTEN: `${options.ip}:${options.port}`,
    ...(access.kind === 'token' ? { NODETASK_TOKEN_FILE: access.tokenFile } : access.env),
    ...(settings.nodeRPC === undefined ? {} : { NODETASK_NODE_RPC: settings.nodeRPC }),
    ...(settings.allowHosts === undefined ? {} : { NODETASK_ALLOW_HOST: settings.allowHosts.join(',') }),
    NODETASK_SERVICEACCOUNT_DIR: options.serviceAccountFolder,
    POD_NAME: pod.name,
    POD_NAMESPACE: pod.namespace,
    POD_UID: pod.uid,
    KUBERNETES_SERVICE_HOST: apiServer.host,
    KUBERNETES_SERVICE_PORT: String(apiServer.port),
    ...settings.env,
  });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    // Metrics and event streams are no JSON.
    return text;
  }
}
