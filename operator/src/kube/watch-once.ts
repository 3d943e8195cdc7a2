import type { Clock } from '@nodetask/shared';
import { onAbort } from './deadline.ts';
import { HeldBytes } from './held-bytes.ts';
import type { KubeObject } from './kube-object.ts';
import type { KubeTransport, Query } from './kube-transport.ts';
import { splitLines, StreamError } from './split-lines.ts';
import { TimerSlot } from './timer-slot.ts';
import { parseWatchEvent, type WatchEvent } from './watch-event.ts';

/** No byte came for too long: the connection is dead, whether or not anybody says so. */
export class InactivityError extends Error {
  override readonly name = 'InactivityError';
}

/** Other large answers wait until a line is complete: it may not take longer than a call to the API server. */
const maxLineMs = 30_000;

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
  const lineTimer = new TimerSlot(clock);
  const giveUpLine = (): void => {
    connection.abort(new StreamError(`watch of ${path}: a line did not end within ${String(maxLineMs)} ms`));
  };
  const rearm = (): void => {
    timer.set(inactivityMs, () => {
      connection.abort(new InactivityError(`watch of ${path}: no byte for ${String(inactivityMs)} ms`));
    });
  };
  try {
    rearm();
    using held = new HeldBytes(connection.signal);
    const chunks = await transport.stream({ path, query, verb: 'watch', signal: connection.signal });
    const watched = async function* (): AsyncGenerator<Uint8Array> {
      for await (const chunk of chunks) {
        connection.signal.throwIfAborted();
        rearm();
        options.onActivity();
        yield chunk;
        if (!held.isLarge) lineTimer.cancel();
        else lineTimer.setUnlessSet(maxLineMs, giveUpLine);
      }
    };
    for await (const line of splitLines(watched(), held)) {
      const event = parseWatchEvent<T>(line);
      if (event.type === 'ERROR') throw event.error;
      options.onEvent(event);
    }
  } finally {
    timer.cancel();
    lineTimer.cancel();
    unlink();
  }
};
