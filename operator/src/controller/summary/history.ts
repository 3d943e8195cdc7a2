import { durationText, maxHistoryCharacters, maxHistoryEntries, type NodeTaskStatus } from '@nodetask/shared';
import { boundedText } from '../../bounded-text.ts';
import type { OwnedStatus } from '../decision.ts';
import { failureWithoutText } from './failure-on.ts';
import { isoTime, isTerminal, type RunContext } from '../run-context.ts';

/**
 * status.history with what a step adds to it: the end of a run, or that another runID has taken the place of one that had not ended. Newest
 * first; entries of before stay as they are.
 */
export const historyOf = (
  { status, sameRun, nodeTask, now }: RunContext,
  wanted: OwnedStatus,
): Pick<NodeTaskStatus, 'history'> => {
  const hadEnded = isTerminal(status.phase);
  const begins = !sameRun && wanted.runID === nodeTask.spec.runID && wanted.runID !== status.runID;
  const entries = [
    ...(isTerminal(wanted.phase) && !(sameRun && hadEnded) ? [entryOf(wanted, wanted.phase ?? '', now)] : []),
    ...(begins && !hadEnded && status.startedAt !== undefined ? [entryOf(status, 'Replaced', now)] : []),
    ...(status.history ?? []),
  ].slice(0, maxHistoryEntries);
  return entries.length === 0 ? {} : { history: entries };
};

/** "2026-11-30T02:14:07Z runID 3 Succeeded 3/3 in 14 s: p2p.seeds removed". */
const entryOf = (
  { completedAt, startedAt, runID, summary = '0/0', conditions = [] }: OwnedStatus,
  phase: string,
  now: number,
): string => {
  const end = completedAt ?? isoTime(now);
  const took = startedAt === undefined ? '' : ` in ${durationText((Date.parse(end) - Date.parse(startedAt)) / 1000)}`;
  const { message = '' } = conditions.find(({ type }) => type === 'Ready') ?? {};
  const why = message === '' ? '' : behindPhase(failureWithoutText(message));
  const run = runID === undefined ? 'first run' : `runID ${runID}`;
  return boundedText(`${end.replace(/\.\d+Z$/, 'Z')} ${run} ${phase} ${summary}${took}${why}`, maxHistoryCharacters);
};

/** The phase stands before it already: of "succeeded on sei-0: p2p.seeds removed" ": p2p.seeds removed" is left. */
const behindPhase = (message: string): string => {
  const rest = message.replace(/^succeeded on (?:\d+ targets|[^\s:]+)/, '');
  return rest === message ? `: ${message}` : rest;
};
