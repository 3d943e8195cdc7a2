import { type Clock, TaskError } from '@nodetask/shared';
import type { Response } from 'express';

export interface EventStreamsOptions {
  readonly clock: Clock;
  /** The most streams at the same time. */
  readonly most: number;
  /** How often a comment is sent, so that both ends notice a dead connection. */
  readonly heartbeatMs: number;
  /** How long a client may take to read what it was sent. */
  readonly stallMs: number;
}

/** The open event streams: counted, bounded, and ended together when the agent stops. */
export class EventStreams {
  readonly #options: EventStreamsOptions;
  readonly #open = new Set<EventStream>();

  constructor(options: EventStreamsOptions) {
    this.#options = options;
  }

  get count(): number {
    return this.#open.size;
  }

  /**
   * @param mayGoOn asked before each event and each heartbeat: what its caller was let in with may have ended.
   * @throws TaskError too-many-connections
   */
  open(response: Response, mayGoOn: () => boolean): EventStream {
    if (this.#open.size >= this.#options.most) {
      throw new TaskError(
        'too-many-connections',
        `${String(this.#options.most)} event streams are open, as many as the agent allows. Close some, or ask GET /v0/tasks/{id}.`,
      );
    }
    const stream = new EventStream(response, { ...this.#options, mayGoOn, onClose: () => this.#open.delete(stream) });
    this.#open.add(stream);
    return stream;
  }

  endAll(): void {
    for (const stream of this.#open) stream.end();
  }
}

interface EventStreamOptions extends EventStreamsOptions {
  readonly mayGoOn: () => boolean;
  readonly onClose: () => void;
}

/**
 * Server-sent events of a state. A client that reads slowly misses states but never the latest: while its connection is full,
 * nothing is buffered but the wish to send, and what is sent then is what is true then.
 * https://html.spec.whatwg.org/multipage/server-sent-events.html
 */
export class EventStream {
  readonly #response: Response;
  readonly #options: EventStreamOptions;
  #full = false;
  #waiting: (() => void) | undefined;
  #closed = false;
  #cancelHeartbeat: (() => void) | undefined;
  #cancelStall: (() => void) | undefined;
  #closeListener: () => void = () => undefined;

  constructor(response: Response, options: EventStreamOptions) {
    this.#response = response;
    this.#options = options;
    response.status(200).set({
      'Content-Type': 'text/event-stream; charset=utf-8',
      'Cache-Control': 'no-store',
      'X-Accel-Buffering': 'no',
    });
    response.on('drain', () => {
      this.#drained();
    });
    response.on('close', () => {
      this.#close();
    });
    response.flushHeaders();
    this.#write('retry: 1000\n\n');
    this.#beat();
  }

  /** Calls back once when either side has closed the stream. */
  onClose(listener: () => void): void {
    this.#closeListener = listener;
  }

  /** Sends what `event` returns now, or, while the connection is full, what the last `event` returns once it is not. */
  send(event: () => void): void {
    if (this.#closed) return;
    if (!this.#options.mayGoOn()) this.end();
    else if (this.#full) this.#waiting = event;
    else event();
  }

  /** Writes one event at once; only from inside `send`. Data goes out as one line of JSON. */
  write(name: string, id: string, data: unknown): void {
    this.#write(`event: ${name}\nid: ${id}\ndata: ${JSON.stringify(data)}\n\n`);
  }

  /** Ends the stream once everything sent so far is on its way. */
  end(): void {
    if (this.#closed) return;
    this.#response.end();
    // `close` comes when the connection does; a client that reads nothing is given up by the stall timer.
    this.#watchForStall();
  }

  #write(text: string): void {
    if (this.#closed || this.#response.writableEnded) return;
    if (this.#response.write(text)) return;
    this.#full = true;
    this.#watchForStall();
  }

  #watchForStall(): void {
    this.#cancelStall ??= this.#options.clock.setTimer(this.#options.stallMs, () => {
      this.#response.destroy();
    });
  }

  #drained(): void {
    this.#full = false;
    if (!this.#response.writableEnded) {
      this.#cancelStall?.();
      this.#cancelStall = undefined;
    }
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (waiting !== undefined) this.send(waiting);
  }

  #beat(): void {
    this.#cancelHeartbeat = this.#options.clock.setTimer(this.#options.heartbeatMs, () => {
      if (!this.#options.mayGoOn()) {
        this.end();
        return;
      }
      if (!this.#full) this.#write(': alive\n\n');
      this.#beat();
    });
  }

  #close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#cancelHeartbeat?.();
    this.#cancelStall?.();
    this.#waiting = undefined;
    this.#options.onClose();
    this.#closeListener();
  }
}
