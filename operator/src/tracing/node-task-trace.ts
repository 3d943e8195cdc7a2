import { computedTraceParent, runTraceParent, type SpanAttributes, type Tracer } from '@nodetask/runtime';
import type { NodeTask } from '@nodetask/shared';
import { currentTaskID } from '../controller/current-task-id.ts';
import type { OwnedStatus } from '../controller/decision.ts';
import { isTerminal } from '../controller/run-context.ts';
import { taskMode } from '../controller/task-mode.ts';

/**
 * Where the spans of a NodeTask stand. All of one run of a NodeTask that runs once are one trace, below a span that lasts from the apply to
 * the end; its place is computed from UID and runID, so that it is the same for every operator and after every restart. What follows a
 * firing of a schedule belongs to the trace that the agent began with it.
 */
const rootOf = ({ metadata, spec }: NodeTask): string =>
  computedTraceParent('NodeTask', metadata.uid, spec.runID ?? '');

/** The span above a reconcile. */
export const traceOf = (nodeTask: NodeTask): string => {
  const { spec, status } = nodeTask;
  if (taskMode(spec) === 'one-shot') return rootOf(nodeTask);
  const [newest] = (status?.targets ?? [])
    .flatMap(({ pod, attempt = 1, result }) =>
      result !== undefined && result.run > 0 && result.id === currentTaskID({ nodeTask }, pod, attempt) ? [result] : [],
    )
    .toSorted((a, b) => b.run - a.run);
  return newest === undefined ? rootOf(nodeTask) : runTraceParent(newest.id, newest.run);
};

export const attributesOf = ({ metadata, spec }: NodeTask): SpanAttributes => ({
  'k8s.namespace.name': metadata.namespace,
  'nodetask.name': metadata.name,
  'nodetask.uid': metadata.uid,
  'nodetask.type': spec.type,
  ...(spec.runID === undefined ? {} : { 'nodetask.run_id': spec.runID }),
});

/**
 * Sends the root span where this write of status ends it: with the end of what runs once, with the first dispatch of what recurs.
 * @param askedAt when it was applied, if known: milliseconds since the epoch.
 */
export const endRoot = (tracer: Tracer, nodeTask: NodeTask, { before, after, askedAt, now }: RootEnd): void => {
  const { spec } = nodeTask;
  const isOneShot = taskMode(spec) === 'one-shot';
  const wasSaid =
    before?.runID === after.runID && (isOneShot ? isTerminal(before?.phase) : before?.startedAt !== undefined);
  const ends = isOneShot ? isTerminal(after.phase) : after.startedAt !== undefined;
  if (!ends || wasSaid) return;
  const startedAt = askedAt ?? Date.parse(after.startedAt ?? after.completedAt ?? '');
  const root = tracer.start(`NodeTask ${spec.type}`, {
    as: rootOf(nodeTask),
    attributes: { ...attributesOf(nodeTask), 'nodetask.phase': after.phase ?? '' },
    ...(Number.isNaN(startedAt) ? {} : { startedAt }),
  });
  if (after.phase === 'Failed') root.fail(after.conditions?.find(({ type }) => type === 'Ready')?.message ?? 'Failed');
  root.end(now);
};

interface RootEnd {
  readonly before: NodeTask['status'];
  readonly after: OwnedStatus;
  readonly askedAt: number | undefined;
  /** Milliseconds since the epoch. */
  readonly now: number;
}
