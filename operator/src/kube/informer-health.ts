import type { Clock, Logger } from '@nodetask/shared';
import { abortable } from './deadline.ts';
import type { ReflectorHealth } from './reflector.ts';
import { TimerSlot } from './timer-slot.ts';

/** What health checks need of a reflector. */
export interface Mirror {
  readonly synced: Promise<void>;
  health(): ReflectorHealth;
}

/** The answer of a health check; `reason` says what is wrong. */
export type Check = { readonly ok: true } | { readonly ok: false; readonly reason: string };

/** Three times the inactivity limit of a watch: by then a reflector that works has heard something, or failed to. */
export const maxSilenceMs = 3 * 70_000;

/** Ready once every cache has been complete. */
export const checkReadiness = (mirrors: readonly Mirror[]): Check => {
  const late = mirrors.map((mirror) => mirror.health()).filter(({ synced }) => !synced);
  return late.length === 0 ? { ok: true } : { ok: false, reason: describe('not synced', late) };
};

/**
 * Alive while every reflector hears from the API server or finds out that it cannot: restarting the process does not bring an API
 * server back. What goes silent is a reflector that is stuck.
 */
export const checkLiveness = (mirrors: readonly Mirror[]): Check => {
  const silent = mirrors
    .map((mirror) => mirror.health())
    .filter(({ lastActivityAgeMs }) => lastActivityAgeMs > maxSilenceMs);
  return silent.length === 0 ? { ok: true } : { ok: false, reason: describe('silent', silent) };
};

export interface WaitForSyncOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly signal: AbortSignal;
  /** Time after which the delay is logged as an error, again and again. Default 2 min. */
  readonly warnAfterMs?: number;
}

/** Waits until every cache is complete: workers start after it. Goes on waiting until `signal` aborts, whose reason it then throws. */
export const waitForSync = async (mirrors: readonly Mirror[], options: WaitForSyncOptions): Promise<void> => {
  const { clock, logger, signal, warnAfterMs = 120_000 } = options;
  const timer = new TimerSlot(clock);
  const warn = (): void => {
    const check = checkReadiness(mirrors);
    if (!check.ok) logger.error(`no complete cache after ${String(warnAfterMs)} ms`, { reason: check.reason });
    timer.set(warnAfterMs, warn);
  };
  timer.set(warnAfterMs, warn);
  try {
    await abortable(Promise.all(mirrors.map(async ({ synced }) => synced)), signal);
  } finally {
    timer.cancel();
  }
};

const describe = (what: string, mirrors: readonly ReflectorHealth[]): string =>
  mirrors
    .map(({ resource, lastActivityAgeMs, lastError = 'no error yet' }) => {
      const age = `${String(Math.round(lastActivityAgeMs / 1000))} s since it last did something`;
      return `${resource}: ${what}, ${age}: ${lastError}`;
    })
    .join('; ');
