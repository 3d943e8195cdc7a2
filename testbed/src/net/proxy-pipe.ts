// One direction of a proxied connection: a queue of chunks between two sockets, with back-pressure in both cases (a slow sink, a rule).
import type { Socket } from 'node:net';

export interface PipeRule {
  /** Each chunk is forwarded so long after it came. */
  readonly delayMs: number;
  readonly stalled: boolean;
  /** No limit where absent. */
  readonly bytesPerSecond?: number;
  /** How the connection ends after so many more forwarded bytes. */
  readonly limit?: { readonly bytes: number; readonly how: 'cut' | 'reset' };
}

export interface PipeEvents {
  received(bytes: number): void;
  forwarded(bytes: number): void;
  limitReached(how: 'cut' | 'reset'): void;
}

/** More than this is not taken from the source while it cannot be forwarded; the rest waits in the kernel, as behind a real stalled host. */
const MAX_HELD_BYTES = 1024 * 1024;

export class ProxyPipe {
  readonly #source: Socket;
  readonly #sink: Socket;
  readonly #events: PipeEvents;
  readonly #held: { bytes: Buffer; at: number }[] = [];
  #heldBytes = 0;
  #sinkFull = false;
  #sourceEnded = false;
  #closed = false;
  #rule: PipeRule = { delayMs: 0, stalled: true };
  #left: number | undefined;
  /** When the line is free again for the next chunk. */
  #freeAt = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(source: Socket, sink: Socket, events: PipeEvents) {
    this.#source = source;
    this.#sink = sink;
    this.#events = events;
    source.on('data', (bytes: Buffer) => {
      if (this.#closed) return;
      this.#held.push({ bytes, at: performance.now() });
      this.#heldBytes += bytes.length;
      events.received(bytes.length);
      this.#pump();
    });
    source.on('end', () => {
      this.#sourceEnded = true;
      this.#pump();
    });
    sink.on('drain', () => {
      this.#sinkFull = false;
      this.#pump();
    });
    // Started paused by the server so that no byte could come before this listener.
    source.resume();
  }

  setRule(rule: PipeRule): void {
    this.#rule = rule;
    this.#left = rule.limit?.bytes;
    this.#freeAt = 0;
    this.#pump();
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#held.length = 0;
  }

  #pump(): void {
    clearTimeout(this.#timer);
    while (!this.#closed && !this.#rule.stalled && !this.#sinkFull) {
      const { limit } = this.#rule;
      if (limit !== undefined && this.#left === 0) {
        this.#closed = true;
        this.#events.limitReached(limit.how);
        return;
      }
      const next = this.#held[0];
      if (next === undefined) break;
      const wait = Math.max(next.at + this.#rule.delayMs, this.#freeAt) - performance.now();
      if (wait > 0) {
        this.#timer = setTimeout(() => this.#pump(), Math.ceil(wait));
        break;
      }
      this.#held.shift();
      this.#heldBytes -= next.bytes.length;
      this.#forward(next.bytes);
    }
    if (this.#closed) return;
    // The end comes after the last byte; a stalled side does not even see that.
    if (this.#sourceEnded && this.#held.length === 0 && !this.#rule.stalled) this.#sink.end();
    if (this.#heldBytes > MAX_HELD_BYTES) this.#source.pause();
    else this.#source.resume();
  }

  #forward(bytes: Buffer): void {
    const { bytesPerSecond } = this.#rule;
    if (bytesPerSecond !== undefined) this.#freeAt = performance.now() + (bytes.length / bytesPerSecond) * 1_000;
    const part = this.#left === undefined ? bytes : bytes.subarray(0, this.#left);
    if (this.#left !== undefined) this.#left -= part.length;
    if (part.length === 0) return;
    if (!this.#sink.write(part)) this.#sinkFull = true;
    this.#events.forwarded(part.length);
  }
}
