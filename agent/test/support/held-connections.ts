import { connect, type Socket } from 'node:net';
import { connect as connectTLS } from 'node:tls';

export interface HeldConnectionsOptions {
  readonly port: number;
  /** Sources on loopback; the connections are shared out evenly. */
  readonly addresses: readonly string[];
  readonly count: number;
  /** The first bytes of each connection, in turn. */
  readonly words: readonly (string | Buffer)[];
  /** After a handshake without a certificate. */
  readonly tls?: boolean;
}

/** Connections that somebody without credentials holds open for as long as the server lets him, and opens anew when it does not. */
export class HeldConnections implements Disposable {
  readonly #options: HeldConnectionsOptions;
  readonly #open = new Map<number, Socket>();
  /** Opened in all. */
  opened = 0;

  constructor(options: HeldConnectionsOptions) {
    this.#options = options;
  }

  /** Opens what is missing; resolves once each of these has sent its words or is gone. */
  async fill(): Promise<void> {
    const { count } = this.#options;
    const missing = Array.from({ length: count }, (_, index) => index).filter((index) => !this.#open.has(index));
    await Promise.all(missing.map(async (index) => this.#hold(index)));
  }

  [Symbol.dispose](): void {
    for (const socket of this.#open.values()) socket.destroy();
  }

  async #hold(index: number): Promise<void> {
    const { port, addresses, words, tls = false } = this.#options;
    const tcp = connect({ port, host: '127.0.0.1', localAddress: addresses[index % addresses.length] });
    const socket = tls ? connectTLS({ socket: tcp, rejectUnauthorized: false }) : tcp;
    this.opened += 1;
    this.#open.set(index, socket);
    for (const one of [tcp, socket]) one.on('error', () => undefined);
    socket.resume();
    await new Promise<void>((resolve) => {
      socket.once(tls ? 'secureConnect' : 'connect', () => {
        socket.write(words[index % words.length] ?? '');
        resolve();
      });
      socket.once('close', () => {
        this.#open.delete(index);
        resolve();
      });
    });
  }
}
