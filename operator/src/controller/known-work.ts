import type { TargetStatus } from '@nodetask/shared';
import { isTerminal, type RunContext } from './run-context.ts';
import { attemptOf } from './attempt-of.ts';
import { currentTaskID } from './current-task-id.ts';
import { isOwnRow } from './foreign-rows.ts';

/** A task that may run on an agent. */
export interface KnownWork {
  readonly pod: string;
  readonly taskID: string;
}

/** Tasks of this NodeTask that may run on an agent, as far as status says. */
export const workOnStatus = (ctx: Pick<RunContext, 'status' | 'named'>): readonly KnownWork[] =>
  unique((ctx.status.targets ?? []).flatMap((row) => (isOwnRow(ctx, row) ? workOfRow(row) : [])));

/** True if some of it has been with its agent, and may still run there. */
export const mayRun = (ctx: Pick<RunContext, 'status' | 'named'>): boolean =>
  (ctx.status.targets ?? []).some(
    (row) => row.startedAt !== undefined && isOwnRow(ctx, row) && workOfRow(row).length > 0,
  );

const workOfRow = (row: TargetStatus): readonly KnownWork[] => [
  ...(row.taskID === undefined || hasEnded(row) ? [] : [{ pod: row.pod, taskID: row.taskID }]),
  ...(row.result?.status === 'running' ? [{ pod: row.pod, taskID: row.result.id }] : []),
];

/** A cron schedule goes on after each of its runs, however that ended. */
const hasEnded = ({ phase, taskID: id, result, completedAt }: TargetStatus): boolean =>
  isTerminal(phase) ||
  completedAt !== undefined ||
  (result?.id === id && result?.status !== 'running' && result?.async?.schedule?.cron === undefined);

/** The same, and what a crash may have left unsaid between a dispatch and the status write after it. */
export const allWork = (ctx: RunContext): readonly KnownWork[] => {
  // The finalizer is there before the first dispatch: nothing was dispatched without it.
  if (!ctx.hasFinalizer) return workOnStatus(ctx);
  const ended = new Set((ctx.status.targets ?? []).filter(hasEnded).map(({ taskID: id }) => id));
  const unsaid = ctx.matching
    .map(({ metadata: { name } }) => ({ pod: name, taskID: currentTaskID(ctx, name, attemptOf(ctx, name)) }))
    .filter(({ taskID: id }) => !ended.has(id));
  return unique([...workOnStatus(ctx), ...unsaid]);
};

const unique = (work: readonly KnownWork[]): readonly KnownWork[] => [
  ...new Map(work.map((item) => [item.taskID, item])).values(),
];
