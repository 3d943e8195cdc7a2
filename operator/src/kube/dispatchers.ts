import { Agent } from 'undici';
import type { TlsMaterial } from './cluster-access.ts';

/** `rest` for calls that end, `watch` for responses that go on. */
export type DispatcherKind = 'rest' | 'watch';

/**
 * How connections to the API server are made. HTTP/1.1 only: on a shared HTTP/2 session that went silent, undici never notices,
 * and every call and watch hangs with it.
 */
export const agentOptions = (kind: DispatcherKind, tls: TlsMaterial): Agent.Options => ({
  allowH2: false,
  connections: kind === 'rest' ? 16 : null,
  headersTimeout: 30_000,
  // A watch may be silent for long; the reflector has its own inactivity timer.
  bodyTimeout: kind === 'rest' ? 30_000 : 0,
  // Below the 90 s after which the API server closes idle connections, so that it is not the server who closes first.
  keepAliveTimeout: 30_000,
  // Whoever reads a body has a bound of its own.
  maxResponseSize: -1,
  connect: {
    timeout: 10_000,
    keepAlive: true,
    keepAliveInitialDelay: 30_000,
    ...(tls.ca !== undefined && { ca: tls.ca }),
    ...(tls.cert !== undefined && { cert: tls.cert }),
    ...(tls.key !== undefined && { key: tls.key }),
    ...(tls.serverName !== undefined && { servername: tls.serverName }),
    ...(tls.rejectUnauthorized !== undefined && { rejectUnauthorized: tls.rejectUnauthorized }),
  },
});

interface Generation {
  readonly tls: string;
  readonly rest: Agent;
  readonly watch: Agent;
}

/** The connections to the API server: one cached agent of each kind, made anew when CA or client certificate change. */
export class Dispatchers {
  #current: Generation | undefined;
  /** Former generations whose last responses still run. */
  readonly #retiring = new Map<Generation, Promise<void>>();

  get(kind: DispatcherKind, tls: TlsMaterial): Agent {
    const fingerprint = JSON.stringify(tls);
    const former = this.#current;
    if (former?.tls === fingerprint) return former[kind];
    this.#current = {
      tls: fingerprint,
      rest: new Agent(agentOptions('rest', tls)),
      watch: new Agent(agentOptions('watch', tls)),
    };
    if (former !== undefined) this.#retire(former);
    return this.#current[kind];
  }

  /** Closes every connection, busy or not. */
  async close(): Promise<void> {
    const generations = [...this.#retiring.keys(), ...(this.#current === undefined ? [] : [this.#current])];
    this.#current = undefined;
    await Promise.all(generations.flatMap(({ rest, watch }) => [rest.destroy(), watch.destroy()]));
    await Promise.all(this.#retiring.values());
  }

  #retire(generation: Generation): void {
    const closed = Promise.all([generation.rest.close(), generation.watch.close()]).then(
      () => this.#retiring.delete(generation),
      // close() rejects only where close() above has destroyed the agent already.
      () => this.#retiring.delete(generation),
    );
    this.#retiring.set(
      generation,
      closed.then(() => undefined),
    );
  }
}
