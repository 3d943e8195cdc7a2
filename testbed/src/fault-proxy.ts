// A TCP proxy that misbehaves on demand, in front of any server. It knows bytes only: TLS passes through untouched.
import { once } from 'node:events';
import { createConnection, createServer } from 'node:net';
import type { Server, Socket } from 'node:net';
import type { FaultMode } from './net/fault-mode.ts';
import { ProxyConnection } from './net/proxy-connection.ts';
import { freePort } from './net/free-port.ts';
import { WaitTimeoutError } from './wait.ts';

/** Which connections a change of mode reaches. */
export type FaultScope = 'new' | 'live' | 'all';

export interface FaultProxyOptions {
  readonly target: { readonly host: string; readonly port: number };
  /** Where the proxy listens (default 127.0.0.1). */
  readonly host?: string;
  /** Default: a free one. */
  readonly port?: number;
  /** Of new connections (default pass). */
  readonly mode?: FaultMode;
}

export interface FaultProxyCounters {
  /** Connections that clients have made so far. */
  readonly accepted: number;
  /** Connections that are open now. */
  readonly live: number;
  /** Connections for which the target could not be reached; the client got a reset. */
  readonly targetFailures: number;
  /** Connections ended by a fault: cut or reset. */
  readonly faults: number;
  /** Bytes that came from the client, whether forwarded or held back. */
  readonly receivedFromClient: number;
  readonly receivedFromServer: number;
  /** Bytes handed on. */
  readonly forwardedToServer: number;
  readonly forwardedToClient: number;
}

export async function startFaultProxy(options: FaultProxyOptions): Promise<FaultProxy> {
  const host = options.host ?? '127.0.0.1';
  const proxy = new FaultProxy({ ...options, host, port: options.port ?? (await freePort(host)) });
  await proxy.setMode(options.mode ?? { kind: 'pass' });
  return proxy;
}

/** Use startFaultProxy(). */
export class FaultProxy implements AsyncDisposable {
  readonly host: string;
  readonly port: number;
  readonly #target: { readonly host: string; readonly port: number };
  readonly #connections = new Set<ProxyConnection>();
  readonly #listeners = new Set<() => void>();
  #server: Server | undefined;
  #mode: FaultMode = { kind: 'refuse' };
  #counters = {
    accepted: 0,
    targetFailures: 0,
    faults: 0,
    receivedFromClient: 0,
    receivedFromServer: 0,
    forwardedToServer: 0,
    forwardedToClient: 0,
  };

  constructor(options: FaultProxyOptions & { readonly host: string; readonly port: number }) {
    this.host = options.host;
    this.port = options.port;
    this.#target = options.target;
  }

  /** The proxy's address with a scheme: url('https') → https://127.0.0.1:23456 */
  url(scheme: string): string {
    return `${scheme}://${this.host}:${this.port}`;
  }

  /** The mode of new connections. */
  get mode(): FaultMode {
    return this.#mode;
  }

  get counters(): FaultProxyCounters {
    return { ...this.#counters, live: this.#connections.size };
  }

  /** Changes the mode of new connections, of the live ones, or of all (default). `refuse` leaves live connections as they are. */
  async setMode(mode: FaultMode, scope: FaultScope = 'all'): Promise<void> {
    if (scope !== 'new' && mode.kind !== 'refuse') {
      for (const connection of this.#connections) connection.setMode(mode);
    }
    if (scope === 'live') return;
    this.#mode = mode;
    if (mode.kind === 'refuse') await this.#stopListening();
    else await this.#listen();
  }

  /** Ends every live connection with RST on both sides, now. Answers how many there were. */
  resetConnections(): number {
    const connections = [...this.#connections];
    for (const connection of connections) connection.reset();
    return connections.length;
  }

  /** Resolves as soon as the counters satisfy the condition (perhaps at once). */
  async until(condition: (counters: FaultProxyCounters) => boolean, timeoutMs = 10_000): Promise<FaultProxyCounters> {
    return new Promise((resolve, reject) => {
      const check = (): void => {
        const { counters } = this;
        if (!condition(counters)) return;
        finish();
        resolve(counters);
      };
      const timer = setTimeout(() => {
        finish();
        reject(
          new WaitTimeoutError(
            `fault proxy ${this.host}:${this.port}: condition not met in ${timeoutMs} ms; counters ${JSON.stringify(this.counters)}`,
          ),
        );
      }, timeoutMs);
      const finish = (): void => {
        clearTimeout(timer);
        this.#listeners.delete(check);
      };
      this.#listeners.add(check);
      check();
    });
  }

  /** Stops listening and resets what is still open. */
  async close(): Promise<void> {
    await this.#stopListening();
    this.resetConnections();
    await this.until(({ live }) => live === 0);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #listen(): Promise<void> {
    if (this.#server !== undefined) return;
    const server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, (client) => this.#accept(client));
    this.#server = server;
    server.listen(this.port, this.host);
    await once(server, 'listening');
  }

  async #stopListening(): Promise<void> {
    const server = this.#server;
    if (server === undefined) return;
    this.#server = undefined;
    // The listening socket is closed at once; the 'close' event would wait for the live connections.
    server.close();
    await new Promise((resolve) => setImmediate(resolve));
  }

  #accept(client: Socket): void {
    this.#counters.accepted += 1;
    const target = createConnection({ ...this.#target, allowHalfOpen: true });
    const connection = new ProxyConnection(client, target, this.#mode, {
      received: (direction, bytes) => {
        this.#counters[direction === 'toServer' ? 'receivedFromClient' : 'receivedFromServer'] += bytes;
        this.#changed();
      },
      forwarded: (direction, bytes) => {
        this.#counters[direction === 'toServer' ? 'forwardedToServer' : 'forwardedToClient'] += bytes;
        this.#changed();
      },
      fault: () => {
        this.#counters.faults += 1;
        this.#changed();
      },
      targetFailed: () => {
        this.#counters.targetFailures += 1;
        this.#changed();
      },
      closed: () => {
        this.#connections.delete(connection);
        this.#changed();
      },
    });
    this.#connections.add(connection);
    this.#changed();
  }

  #changed(): void {
    for (const listener of this.#listeners) listener();
  }
}

/** host and port of an address like https://127.0.0.1:6443, for FaultProxyOptions.target. */
export function targetOf(url: string): { host: string; port: number } {
  const { hostname, port, protocol } = new URL(url);
  if (port !== '') return { host: hostname, port: Number(port) };
  if (protocol === 'https:') return { host: hostname, port: 443 };
  if (protocol === 'http:') return { host: hostname, port: 80 };
  throw new Error(`${url} names no port`);
}
