// One connection through the fault proxy: two pipes, one for each direction, that obey the same mode.
import type { Socket } from 'node:net';
import type { Direction, FaultMode } from './fault-mode.ts';
import { ProxyPipe } from './proxy-pipe.ts';
import type { PipeRule } from './proxy-pipe.ts';

export interface ProxyConnectionEvents {
  received(direction: Direction, bytes: number): void;
  forwarded(direction: Direction, bytes: number): void;
  fault(): void;
  targetFailed(): void;
  closed(): void;
}

/** After an orderly cut the other side has so long to close as well. */
const LINGER_MS = 1_000;

export class ProxyConnection {
  readonly #client: Socket;
  readonly #target: Socket;
  readonly #pipes: Readonly<Record<Direction, ProxyPipe>>;
  readonly #events: ProxyConnectionEvents;
  #targetConnected = false;
  #ended = false;

  constructor(client: Socket, target: Socket, mode: FaultMode, events: ProxyConnectionEvents) {
    this.#client = client;
    this.#target = target;
    this.#events = events;
    const pipe = (direction: Direction, source: Socket, sink: Socket): ProxyPipe =>
      new ProxyPipe(source, sink, {
        received: (bytes) => events.received(direction, bytes),
        forwarded: (bytes) => events.forwarded(direction, bytes),
        limitReached: (how) => this.#fault(how),
      });
    this.#pipes = { toServer: pipe('toServer', client, target), toClient: pipe('toClient', target, client) };
    // No waiting for more bytes: a proxy must not change the times that are measured through it.
    client.setNoDelay(true);
    target.setNoDelay(true);
    target.once('connect', () => {
      this.#targetConnected = true;
    });
    let open = 2;
    for (const [socket, other] of [
      [client, target],
      [target, client],
    ] as const) {
      socket.on('error', () => {
        if (socket === target && !this.#targetConnected && !this.#ended) events.targetFailed();
        // A side that was reset, or never came about, resets the other.
        this.#ended = true;
        hardEnd(other);
      });
      socket.once('close', () => {
        open -= 1;
        if (open === 0) {
          for (const each of Object.values(this.#pipes)) each.close();
          events.closed();
        }
      });
    }
    this.setMode(mode);
  }

  setMode(mode: FaultMode): void {
    if (this.#ended) return;
    for (const direction of ['toServer', 'toClient'] as const) this.#pipes[direction].setRule(ruleFor(mode, direction));
  }

  /** RST to both sides. */
  reset(): void {
    this.#ended = true;
    hardEnd(this.#client);
    hardEnd(this.#target);
  }

  #fault(how: 'cut' | 'reset'): void {
    if (this.#ended) return;
    this.#events.fault();
    if (how === 'reset') {
      this.reset();
      return;
    }
    this.#ended = true;
    for (const socket of [this.#client, this.#target]) {
      socket.end();
      // Read on and drop: closing with unread bytes would send RST instead of FIN.
      socket.resume();
      const timer = setTimeout(() => socket.destroy(), LINGER_MS);
      socket.once('close', () => clearTimeout(timer));
    }
  }
}

/** RST; FIN where the socket has sent its own already: Node.js never closes a socket whose reset comes after its end. */
function hardEnd(socket: Socket): void {
  if (socket.writableEnded) socket.destroy();
  else socket.resetAndDestroy();
}

function ruleFor(mode: FaultMode, direction: Direction): PipeRule {
  switch (mode.kind) {
    case 'pass':
    case 'refuse':
      return { delayMs: 0, stalled: false };
    case 'stall':
      return { delayMs: 0, stalled: mode.direction === undefined || mode.direction === direction };
    case 'delay':
      return { delayMs: direction === 'toServer' ? mode.toServerMs : mode.toClientMs, stalled: false };
    case 'throttle':
      return {
        delayMs: 0,
        stalled: false,
        ...(mode.direction === direction ? { bytesPerSecond: mode.bytesPerSecond } : {}),
      };
    case 'cut':
    case 'reset':
      return {
        delayMs: 0,
        stalled: false,
        ...(mode.direction === direction ? { limit: { bytes: mode.afterBytes, how: mode.kind } } : {}),
      };
    default:
      return mode satisfies never;
  }
}
