import { abortReason, type Clock } from '@nodetask/shared';

/** A signal that aborts with its parent, or with `reason()` when the time is up. Call `end` when the work is done. */
export interface Deadline {
  readonly signal: AbortSignal;
  end(): void;
}

export const startDeadline = (clock: Clock, parent: AbortSignal, ms: number, reason: () => Error): Deadline => {
  const controller = new AbortController();
  const cancel = clock.setTimer(ms, () => {
    controller.abort(reason());
  });
  const follow = (): void => {
    controller.abort(abortReason(parent));
  };
  if (parent.aborted) follow();
  parent.addEventListener('abort', follow, { once: true });
  return {
    signal: controller.signal,
    end: () => {
      cancel();
      parent.removeEventListener('abort', follow);
    },
  };
};
