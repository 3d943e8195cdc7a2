import { terminalPhases } from '@nodetask/shared';
import type { OwnedTask, ShownRuns, Standing } from '../engine/node-tasks.ts';
import { showsLater } from './leftover.ts';
import type { ShownNodeTask, ShownRow } from './shown-node-task.ts';

/** Judges a living task of this agent by its NodeTask, as the API server has it. Pure. */
export const standingOf = (task: OwnedTask, { metadata, spec, status }: ShownNodeTask, podName: string): Standing => {
  if (metadata.uid !== task.ref.uid) return { kind: 'gone', why: 'another NodeTask has its name' };
  if (metadata.deletionTimestamp !== undefined) return { kind: 'gone', why: 'the NodeTask is being deleted' };
  const row = status?.targets?.find(({ pod }) => pod === podName);
  // The operator's word on what the current attempt is comes first: clocks may have jumped.
  if (row?.taskID !== task.id && showsLater(row, task)) return { kind: 'gone', why: 'the NodeTask shows a later task' };
  const own = row?.result?.id === task.id ? row : undefined;
  // The journal was put back from a copy: here it has ended, and its end is on status already.
  if (own !== undefined && hasEnded(own, task)) return { kind: 'gone', why: 'the NodeTask shows its end' };
  if (row?.taskID === task.id && isTerminal(row.phase)) return { kind: 'over', why: 'the NodeTask is over' };
  if (spec?.cancel === true) return { kind: 'over', why: 'the NodeTask is cancelled' };
  const ahead = own === undefined ? undefined : runsAhead(own, task);
  return { kind: 'wanted', ...(ahead === undefined ? {} : { ahead }) };
};

const hasEnded = ({ result }: ShownRow, task: OwnedTask): boolean =>
  result?.status !== undefined && result.status !== 'running' && (result.run ?? 0) >= task.result.run;

/** Runs of a schedule that status shows and the journal does not: later ones, or the end of one that goes on here. */
const runsAhead = ({ result, runs = [] }: ShownRow, task: OwnedTask): ShownRuns | undefined => {
  const run = result?.run ?? 0;
  if (task.kind !== 'schedule' || run < task.result.run) return undefined;
  const newest = runs.find((shown) => shown.run === run);
  const isAhead = run > task.result.run || (task.active && newest !== undefined && newest.status !== 'running');
  return isAhead ? { run, ...(newest === undefined ? {} : { lastRunAt: newest.startedAt }) } : undefined;
};

const isTerminal = (phase: string | undefined): boolean =>
  phase !== undefined && (terminalPhases as readonly string[]).includes(phase);
