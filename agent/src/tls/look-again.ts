import { type Clock, sleep } from '@nodetask/shared';

/**
 * How often files are looked at. A kubelet takes up to a minute to bring a change of a ConfigMap or a Secret to the pod; to be told of the
 * change (inotify) would depend on how it swaps the links.
 */
const lookMs = 5000;

/** Calls `look` again and again until the signal aborts; the first time after the first pause. `look` must not throw. */
export const lookAgain = async (clock: Clock, signal: AbortSignal, look: () => void): Promise<void> => {
  while (await isOver(sleep(clock, lookMs, signal))) look();
};

/** False where the signal ended the pause: the agent stops. */
const isOver = (pause: Promise<void>): Promise<boolean> =>
  pause.then(
    () => true,
    () => false,
  );
