import type { NodeTask } from '@nodetask/shared';
import { rerunSettleMs } from '../timing.ts';

type Ended = Pick<NodeTask, 'status'>;

/** Whether the end of a NodeTask came after a moment, so that it is no end of before. */
export const endedSince = ({ status }: Ended, since: number): boolean => Date.parse(status?.completedAt ?? '') > since;

/**
 * Until when the end of a completed dependency does not count for a run: it completed another run than the one that is asked for here, and had done so before
 * this one was looked at. One commit gives all of a chain another runID, and its objects come in any order. Undefined where the end counts at once.
 * @param runID of the run that depends on it.
 * @param since when that run was first looked at, in milliseconds since the epoch.
 */
export const staleUntil = (dependency: Ended, runID: string | undefined, since: number): number | undefined =>
  runID === undefined || dependency.status?.runID === runID || endedSince(dependency, since)
    ? undefined
    : since + rerunSettleMs;
