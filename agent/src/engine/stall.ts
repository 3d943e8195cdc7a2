import { maxLastErrorCharacters, type Progress } from '@nodetask/shared';
import type { Failure } from './failure.ts';

/** The part of the progress of a daemon that says since when it has not got on, and what it failed with last. */
export type Stall = Required<Pick<Progress, 'stalledSince' | 'lastError'>>;

/** Undefined while the daemon gets on. */
export const stallOf = (progress: Progress | undefined): Stall | undefined => {
  const { stalledSince, lastError } = progress ?? {};
  return stalledSince === undefined || lastError === undefined ? undefined : { stalledSince, lastError };
};

/** Another failure: the time of the first one since the daemon got on stays. */
export const stalledBy = (before: Stall | undefined, { code, text }: Failure, at: string): Stall => ({
  stalledSince: before?.stalledSince ?? at,
  lastError: { code, message: text.slice(0, maxLastErrorCharacters).toWellFormed() },
});

/** The progress of a daemon that waits for its next start. */
export const restartProgress = (run: number, before: Progress | undefined, failure: Failure, at: string): Progress => ({
  stage: `restart after ${failure.code}`.slice(0, 64),
  done: run,
  unit: 'restarts',
  at,
  ...stalledBy(stallOf(before), failure, at),
});

/** A stall that has lasted so long is written to the journal, and so is its end: a restart of the agent does not begin it anew. */
const worthAWriteMs = 10_000;

/** True if progress is worth a write. @param stored `stalledSince` as the journal has it. */
export const isWorthAWrite = ({ stalledSince, at }: Progress, stored: string | undefined): boolean => {
  if (stalledSince === stored) return false;
  return stalledSince === undefined || Date.parse(at) - Date.parse(stalledSince) >= worthAWriteMs;
};
