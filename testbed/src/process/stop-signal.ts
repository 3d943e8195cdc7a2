// Ctrl-C as an orderly end: the first one is for the program to act upon, a later one ends it at once.

/** npm and its scripts hand one Ctrl-C on several times, in the same moment; what comes later is a second one. */
const SECOND_SIGNAL_AFTER_MS = 1_000;

/** An AbortSignal that the first SIGINT, SIGTERM or SIGHUP aborts; its reason is an Interruption. Call it once in a program. */
export function stopSignal(): AbortSignal {
  const controller = new AbortController();
  let first: number | undefined;
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(name, () => {
      first ??= performance.now();
      controller.abort(new Interruption(name));
      // The watchdog ends the children, the next start sweeps the folder.
      if (performance.now() - first > SECOND_SIGNAL_AFTER_MS) process.exit(130);
    });
  }
  return controller.signal;
}

/** Thrown by what a user's signal has stopped; the message is the signal's name. */
export class Interruption extends Error {
  override readonly name = 'Interruption';
}

/** Resolves when the signal is aborted. */
export async function untilAborted(signal: AbortSignal): Promise<void> {
  await new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
