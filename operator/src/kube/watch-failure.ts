import { ApiError, isExpired } from './api-error.ts';
import { StreamError } from './split-lines.ts';
import { InactivityError } from './watch-once.ts';

/** The label `reason` of watch_reconnects_total. */
export const failureReason = (error: unknown): string => {
  if (error instanceof InactivityError) return 'inactive';
  if (error instanceof StreamError) return 'bad-stream';
  if (isExpired(error)) return 'expired';
  if (error instanceof ApiError) return error.code === 0 ? 'network' : 'api-error';
  return 'unknown';
};

/**
 * Whether the version that the watch began at may be what is wrong, so that a second failure there is a reason to list: the server
 * or the data refused. Not so where nobody answers, lets us in, or has time.
 */
export const blamesTheVersion = (error: unknown): boolean => {
  if (error instanceof StreamError) return true;
  return error instanceof ApiError && ![0, 401, 403, 429, 503].includes(error.code);
};
