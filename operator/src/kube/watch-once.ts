import type { Clock } from '@nodetask/shared';
import { onAbort } from './deadline.ts';
import type { KubeObject } from './kube-object.ts';
import type { KubeTransport, Query } from './kube-transport.ts';
import { LineSplitter } from './line-splitter.ts';
import { TimerSlot } from './timer-slot.ts';
import { parseWatchEvent, type WatchEvent } from './watch-event.ts';

/** No byte came for too long: the connection is dead, whether or not anybody says so. */
export class InactivityError extends Error {
  override readonly name = 'InactivityError';
}

export interface WatchOnceOptions<T extends KubeObject> {
  readonly transport: KubeTransport;
  readonly path: string;
  readonly query: Query;
  readonly inactivityMs: number;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Any byte arrived. */
  readonly onActivity: () => void;
  /** Not called for errors: those are thrown. */
  readonly onEvent: (event: Exclude<WatchEvent<T>, { type: 'ERROR' }>) => void;
}

/**
 * One watch connection. Returns when the server ends it in good order, and always with the connection closed.
 * @throws ApiError for what the server says (ERROR events included) and for network faults; StreamError for what cannot be read;
 * InactivityError; the reason of `signal`.
 */
export const watchOnce = async <T extends KubeObject>(options: WatchOnceOptions<T>): Promise<void> => {
  const { transport, path, query, inactivityMs, clock } = options;
  const connection = new AbortController();
  const unlink = onAbort(options.signal, (reason) => {
    connection.abort(reason);
  });
  const timer = new TimerSlot(clock);
  const rearm = (): void => {
    timer.set(inactivityMs, () => {
      connection.abort(new InactivityError(`watch of ${path}: no byte for ${String(inactivityMs)} ms`));
    });
  };
  try {
    rearm();
    const splitter = new LineSplitter();
    const chunks = await transport.stream({ path, query, verb: 'watch', signal: connection.signal });
    for await (const chunk of chunks) {
      connection.signal.throwIfAborted();
      rearm();
      options.onActivity();
      for (const line of splitter.push(chunk)) {
        const event = parseWatchEvent<T>(line);
        if (event.type === 'ERROR') throw event.error;
        options.onEvent(event);
      }
    }
    splitter.end();
  } finally {
    timer.cancel();
    unlink();
  }
};
