import type { NodeTaskSpec } from '@nodetask/shared';

type RetryPolicy = NonNullable<NodeTaskSpec['retry']>;

/** The most that a pause is shortened by, so that targets that failed together are not tried again together. */
const maxJitter = 0.25;

/**
 * Milliseconds between the end of an attempt and the next: doubling from spec.retry.backoffSeconds to maxBackoffSeconds, less a jitter
 * that comes from the id of the attempt. Every operator reckons the same.
 * @param attempt the one that failed, from 1.
 */
export const backoffMs = (
  { backoffSeconds, maxBackoffSeconds }: Pick<RetryPolicy, 'backoffSeconds' | 'maxBackoffSeconds'>,
  attempt: number,
  taskID: string,
): number => {
  // The exponent is capped: 2 ** 1024 is Infinity.
  const seconds = Math.min(maxBackoffSeconds, backoffSeconds * 2 ** Math.min(attempt - 1, 32));
  return Math.round(seconds * 1000 * (1 - maxJitter * fractionOf(taskID)));
};

/** From 0 to 1: the first 32 bits of an id, which is a hash. */
const fractionOf = (taskID: string): number => Number.parseInt(taskID.slice(0, 8), 16) / 2 ** 32;
