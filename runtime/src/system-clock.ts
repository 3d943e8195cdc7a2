import type { Clock } from '@nodetask/shared';

/** The longest delay that setTimeout takes; longer ones are chained. */
const maxTimeoutMs = 2 ** 31 - 1;

/** The clock of the machine. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  setTimer: (delayMs, callback) => {
    const due = performance.now() + delayMs;
    let timer: NodeJS.Timeout;
    const arm = (): void => {
      const left = due - performance.now();
      timer = setTimeout(left > maxTimeoutMs ? arm : callback, Math.max(0, Math.min(left, maxTimeoutMs)));
      timer.unref();
    };
    arm();
    return () => {
      clearTimeout(timer);
    };
  },
};
