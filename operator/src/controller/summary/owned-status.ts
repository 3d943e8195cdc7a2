import { isDeepStrictEqual } from 'node:util';
import type { NodeTaskStatus } from '@nodetask/shared';
import type { OwnedStatus, OwnedTarget, Situation } from '../decision.ts';
import { isoTime, isTerminal, type RunContext } from '../run-context.ts';
import { queuedPhase } from '../queue/places.ts';
import { conditionsFor } from './conditions.ts';
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

/** The status to apply, or nothing where it is there already. */
export const statusChange = (ctx: RunContext, wanted: OwnedStatus): { readonly status?: OwnedStatus } =>
  ctx.status.phase === wanted.phase && isDeepStrictEqual(normal(ownedPart(ctx.status)), normal(wanted))
    ? {}
    : { status: wanted };

/** Whether a status that waits in a queue differs from another in nothing but its place there. */
export const isQueueNews = (before: NodeTaskStatus, wanted: OwnedStatus): boolean =>
  before.phase === queuedPhase &&
  wanted.phase === queuedPhase &&
  isDeepStrictEqual(normal(withoutPlace(ownedPart(before))), normal(withoutPlace(wanted)));

const withoutPlace = (status: OwnedStatus): OwnedStatus => ({
  ...status,
  blockedBy: undefined,
  queuePosition: undefined,
  conditions: status.conditions?.map((condition) => ({ ...condition, message: '' })),
  targets: status.targets?.map((row) => (row.phase === queuedPhase ? { ...row, message: '' } : row)),
});

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
  return {
    ...statusWithRows(ctx, situation, rows),
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
  return {
    observedGeneration: metadata.generation,
    ...(spec.runID === undefined ? {} : { runID: spec.runID }),
    phase: situation.phase,
    conditions: conditionsFor(situation, ctx.status.conditions ?? [], metadata.generation, ctx.now),
    ...(rows.length === 0 ? {} : { targets: [...rows] }),
    counts,
    summary: `${ctx.mode === 'one-shot' ? counts.succeeded : counts.succeeded + counts.running}/${counts.desired}`,
    ...(completedAt === undefined ? {} : { completedAt }),
  };
};

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
