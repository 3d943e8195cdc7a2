import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Server, Socket } from 'node:net';
import { firstToGo, type Place, type Standing } from './first-to-go.ts';

export interface ConnectionLimits {
  /** Connections in all. */
  readonly connections: number;
  /** Of these, kept free for proven ones: all others together never have more than the rest. */
  readonly reserved: number;
  /** Connections of one address that are not proven. */
  readonly perAddress: number;
}

/**
 * Why a connection was cut. `address`: its address had opened as many as one may, and opened another. `crowded`: the server had as many as it
 * takes, and another came. `full`: it came when all places were those of proven callers. `handshake`: it did not complete TLS.
 */
export type CutReason = 'address' | 'crowded' | 'full' | 'handshake';

export const cutReasons: readonly CutReason[] = ['address', 'crowded', 'full', 'handshake'];

/** Told of every connection that was cut. */
export type OnCut = (reason: CutReason, address: string) => void;

interface Held extends Place {
  readonly socket: Socket;
  standing: Standing;
  requests: number;
}

/**
 * Shares the connections of a server among those who call it. A new connection is always taken in, as long as one that is not proven can give way
 * to it: callers who hold connections open cannot keep others out, and those who have shown who they are lose theirs to nobody.
 */
export class ConnectionGuard {
  readonly #limits: ConnectionLimits;
  readonly #onCut: OnCut;
  /** By their two ends, in the order in which they were opened. */
  readonly #held = new Map<string, Held>();
  /** Of the sockets that requests come by: with TLS another object than the one that was accepted. */
  readonly #bySocket = new WeakMap<Socket, Held>();

  constructor(limits: ConnectionLimits, onCut: OnCut = () => undefined) {
    this.#limits = limits;
    this.#onCut = onCut;
  }

  /** Guards a server of HTTP or HTTPS from now on. To be called before it listens. */
  watch(server: Server): void {
    server.on('connection', (socket: Socket) => {
      this.#admit(socket);
    });
    server.on('secureConnection', (socket: Socket) => {
      const held = this.#held.get(endsOf(socket));
      if (held !== undefined) this.#bySocket.set(socket, held);
    });
    server.on('tlsClientError', (error: NodeJS.ErrnoException, socket: Socket) => {
      // It left, or was cut here for another reason.
      if (error.code !== 'ECONNRESET') this.#onCut('handshake', socket.remoteAddress ?? 'unknown');
    });
    server.on('request', ({ socket }: IncomingMessage, response: ServerResponse) => {
      const held = this.#bySocket.get(socket);
      if (held === undefined) return;
      held.requests += 1;
      response.once('close', () => {
        held.requests -= 1;
      });
    });
  }

  /** Connections that are open. */
  get size(): number {
    return this.#held.size;
  }

  /** @param socket of a request */
  standingOf(socket: Socket): Standing {
    return this.#bySocket.get(socket)?.standing ?? 'unknown';
  }

  /** The connection of a request has earned this much; never less than before. */
  raise(socket: Socket, standing: Exclude<Standing, 'unknown'>): void {
    const held = this.#bySocket.get(socket);
    if (held !== undefined && held.standing !== 'proven') held.standing = standing;
  }

  /** Cuts every connection, also those that are still in their handshake, which closeAllConnections() of a server does not know. */
  cutAll(): void {
    for (const { socket } of this.#held.values()) socket.destroy();
  }

  #admit(socket: Socket): void {
    const address = socket.remoteAddress;
    if (address === undefined) {
      // It has gone already.
      socket.destroy();
      return;
    }
    if (!this.#makeRoom(address)) {
      socket.destroy();
      this.#onCut('full', address);
      return;
    }
    const ends = endsOf(socket);
    const held: Held = { socket, address, standing: 'unknown', requests: 0 };
    this.#held.set(ends, held);
    this.#bySocket.set(socket, held);
    socket.once('close', () => {
      if (this.#held.get(ends) === held) this.#held.delete(ends);
    });
  }

  /** True if there is a place for one more connection of this address, if need be that of another. */
  #makeRoom(address: string): boolean {
    const { connections, reserved, perAddress } = this.#limits;
    const others = [...this.#held.values()].filter(({ standing }) => standing !== 'proven');
    const neighbours = others.filter((held) => held.address === address);
    if (neighbours.length >= perAddress) return this.#cutOneOf(neighbours, 'address');
    if (this.#held.size < connections && others.length < connections - reserved) return true;
    return this.#cutOneOf(others, 'crowded');
  }

  #cutOneOf(candidates: readonly Held[], reason: CutReason): boolean {
    const held = firstToGo(candidates);
    if (held === undefined) return false;
    this.#held.delete(endsOf(held.socket));
    held.socket.destroy();
    this.#onCut(reason, held.address);
    return true;
  }
}

/** The key that tells the connections of a server apart, also those of a client that has several addresses of the server. */
const endsOf = ({ remoteAddress, remotePort, localAddress }: Socket): string =>
  `${remoteAddress ?? ''} ${String(remotePort)} ${localAddress ?? ''}`;
