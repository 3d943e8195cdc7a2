import { isDeepStrictEqual } from 'node:util';
import type { Condition, NodeTaskStatus } from '@nodetask/shared';
import type { OwnedStatus, OwnedTarget, Situation } from '../decision.ts';
import { isoTime, isTerminal, type RunContext } from '../run-context.ts';
import type { Reason } from '../reasons.ts';
import { queuedPhase } from '../queue/places.ts';
import { progressColumn, targetColumn } from './columns.ts';
import { conditionsFor } from './conditions.ts';
import { historyOf } from './history.ts';
import { runFacts } from './last-run.ts';
import { type DecidedTarget, toRow } from './rows.ts';

/** The operator's part of a status, as it would apply it. */
export const ownedPart = ({ targets, fence: _fence, ...rest }: NodeTaskStatus): OwnedStatus => {
  const rows = (targets ?? []).flatMap((row) => {
    const { result: _, runs: __, ...owned } = row;
    return Object.keys(owned).length > 1 ? [owned] : [];
  });
  return { ...rest, ...(rows.length === 0 ? {} : { targets: rows }) };
};

/** The status to apply, with what is to be kept of its past; or nothing where it is there already. */
export const statusChange = (ctx: RunContext, decided: OwnedStatus): { readonly status?: OwnedStatus } => {
  const wanted = { ...decided, ...historyOf(ctx, decided) };
  return ctx.status.phase === wanted.phase && isDeepStrictEqual(normal(ownedPart(ctx.status)), normal(wanted))
    ? {}
    : { status: wanted };
};

/** Whether a status that waits in a queue differs from another in nothing but its place there. */
export const isQueueNews = (before: NodeTaskStatus, wanted: OwnedStatus): boolean =>
  before.phase === queuedPhase &&
  wanted.phase === queuedPhase &&
  isDeepStrictEqual(normal(withoutPlace(ownedPart(before))), normal(withoutPlace(wanted)));

const withoutPlace = (status: OwnedStatus): OwnedStatus => ({
  ...status,
  blockedBy: undefined,
  queuePosition: undefined,
  conditions: withoutMessages(status.conditions),
  targets: status.targets?.map((row) => (row.phase === queuedPhase ? { ...row, message: '' } : row)),
});

/** Whether a status of a daemon that runs differs from another in nothing but how far it is, which changes for ever. */
export const isDaemonNews = (before: NodeTaskStatus, wanted: OwnedStatus): boolean =>
  [before, wanted].every(({ conditions = [] }) =>
    conditions.some(({ type, reason }) => type === 'Ready' && (reason as Reason) === 'DaemonRunning'),
  ) && isDeepStrictEqual(normal(withoutProgress(ownedPart(before))), normal(withoutProgress(wanted)));

const withoutProgress = (status: OwnedStatus): OwnedStatus => ({
  ...status,
  progress: undefined,
  conditions: withoutMessages(status.conditions),
});

const withoutMessages = (conditions: OwnedStatus['conditions']): OwnedStatus['conditions'] =>
  conditions?.map((condition) => ({ ...condition, message: '' }));

/** JSON without undefined members, rows by pod, so that only what differs differs. */
const normal = (status: OwnedStatus): unknown => {
  const targets = [...(status.targets ?? [])].sort((a, b) => (a.pod < b.pod ? -1 : 1));
  return JSON.parse(JSON.stringify({ ...status, targets }));
};

/** Status of a run from its situation and its targets. */
export const statusOf = (ctx: RunContext, situation: Situation, targets: readonly DecidedTarget[]): OwnedStatus => {
  const rows = targets.map(toRow);
  const startedAt = (ctx.sameRun ? ctx.status.startedAt : undefined) ?? firstTime(rows);
  const { blockedBy, queuePosition } = targets.find(({ verdict }) => verdict.blockedBy !== undefined)?.verdict ?? {};
  const status = statusWithRows(ctx, situation, rows);
  return {
    ...status,
    progress: progressColumn(targets, status.summary ?? ''),
    ...(startedAt === undefined ? {} : { startedAt }),
    ...runFacts(targets),
    ...(blockedBy === undefined ? {} : { blockedBy }),
    ...(queuePosition === undefined ? {} : { queuePosition }),
  };
};

/** The same where no target was looked at: rows are given. */
export const statusWithRows = (ctx: RunContext, situation: Situation, rows: readonly OwnedTarget[]): OwnedStatus => {
  const { metadata, spec } = ctx.nodeTask;
  const counts = countRows(rows);
  const completedAt = isTerminal(situation.phase)
    ? ((ctx.sameRun ? ctx.status.completedAt : undefined) ?? isoTime(ctx.now))
    : undefined;
  const summary = `${ctx.mode === 'one-shot' ? counts.succeeded : counts.succeeded + counts.running}/${counts.desired}`;
  return {
    observedGeneration: metadata.generation,
    ...(spec.runID === undefined ? {} : { runID: spec.runID }),
    ...targetColumn(spec),
    phase: situation.phase,
    conditions: conditionsFor(situation, conditionsBefore(ctx), metadata.generation, ctx.now),
    ...(rows.length === 0 ? {} : { targets: [...rows] }),
    counts,
    summary,
    progress: summary,
    ...(completedAt === undefined ? {} : { completedAt }),
  };
};

/** Waits are counted from the time of Reconciling: another run has a budget of its own. */
const conditionsBefore = ({ sameRun, status: { conditions = [] } }: RunContext): readonly Condition[] =>
  sameRun ? conditions : conditions.filter(({ type }) => type !== 'Reconciling');

const countRows = (rows: readonly OwnedTarget[]): NonNullable<OwnedStatus['counts']> => {
  const count = (...phases: string[]): number => rows.filter(({ phase }) => phases.includes(phase ?? '')).length;
  return {
    desired: rows.length,
    running: count('Running', 'Scheduled'),
    succeeded: count('Succeeded'),
    failed: count('Failed'),
  };
};

const firstTime = (rows: readonly OwnedTarget[]): string | undefined =>
  rows
    .flatMap(({ startedAt }) => startedAt ?? [])
    .sort()
    .at(0);
