import type { Clock } from '@nodetask/shared';

export interface ClosingOptions {
  readonly signal: AbortSignal;
  /** Called in the tick in which the signal aborts; resolves when everything has stopped. Never rejects. */
  readonly stop: () => Promise<void>;
  readonly clock: Clock;
  /** How long `stop` may take, in milliseconds. */
  readonly graceMs: number;
  readonly onOverrun: () => void;
}

/** Resolves when everything has stopped after the signal aborted, or when the grace time is over. Never rejects. */
export const whenClosed = async (options: ClosingOptions): Promise<void> => {
  const { clock, graceMs, onOverrun } = options;
  const stopped = await stoppedOnAbort(options);
  const grace = Promise.withResolvers<void>();
  const cancelTimer = clock.setTimer(graceMs, () => {
    onOverrun();
    grace.resolve();
  });
  await Promise.race([stopped.everything, grace.promise]);
  cancelTimer();
};

/** Waits for the abort; the promise of the end travels in an object, so that it is not waited for here. */
const stoppedOnAbort = ({ signal, stop }: ClosingOptions): Promise<{ readonly everything: Promise<void> }> =>
  new Promise((resolve) => {
    const onAbort = (): void => {
      resolve({ everything: stop() });
    };
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, { once: true });
  });
