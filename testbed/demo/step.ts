// A manifest of examples/ that the demo applies, and what must come of it.
import type { NodeTask } from '@nodetask/shared';
import { is } from './outcome.ts';

export interface Step {
  /** File in examples/ without .yaml. */
  readonly example: string;
  /** What the reader is told. */
  readonly shows: string;
  /** True once the NodeTask is where it should be. */
  readonly done: (task: NodeTask) => boolean;
  /** Why what came is wrong; undefined where it is right. */
  readonly fault: (task: NodeTask) => string | undefined;
  /** What to print of the end. */
  readonly says: (task: NodeTask) => string;
  /** The most that it may take, in milliseconds. */
  readonly timeoutMs: number;
}

export const hasCondition = (task: NodeTask, type: string): boolean =>
  task.status?.conditions?.some((condition) => condition.type === type && condition.status === 'True') ?? false;

export const result = (task: NodeTask): NonNullable<NonNullable<NodeTask['status']>['targets']>[number]['result'] =>
  task.status?.targets?.[0]?.result;

export const output = (task: NodeTask): Readonly<Record<string, unknown>> => result(task)?.output ?? {};

export const message = (task: NodeTask): string =>
  task.status?.conditions?.find((condition) => condition.type === 'Ready')?.message ?? '';

export const succeeded = (task: NodeTask): string | undefined => {
  const fault =
    is('phase', task.status?.phase, 'Succeeded') ??
    (hasCondition(task, 'Complete') ? undefined : 'condition Complete is not True');
  return fault === undefined ? undefined : `${fault}: ${message(task)}`;
};

/** A cron schedule that waits for its next run. */
export const scheduled = (task: NodeTask): string | undefined =>
  is('phase', task.status?.phase, 'Scheduled') ?? (hasCondition(task, 'Ready') ? undefined : message(task));

export const oneShot = (step: Pick<Step, 'example' | 'shows' | 'says'> & Partial<Pick<Step, 'fault'>>): Step => ({
  ...step,
  done: (task) => hasCondition(task, 'Finished'),
  fault: step.fault ?? succeeded,
  timeoutMs: 30_000,
});

/** Keys that a config task changed, over all files. */
export const changedKeys = (of: Readonly<Record<string, unknown>>): readonly string[] => {
  const changes = of['changes'];
  if (!Array.isArray(changes)) return [];
  return changes.map((change: unknown) =>
    typeof change === 'object' && change !== null && 'key' in change ? String(change.key) : '',
  );
};
