import { longestQueueLookMs, queueLookMs } from '../timing.ts';

/** How long a NodeTask in a queue waits between two looks at its place, in milliseconds. @param before how many are before it. */
export const lookPauseMs = (before: number): number => Math.min(longestQueueLookMs, Math.max(1, before) * queueLookMs);
