// What the demo applies, and what must come of it.
import type { NodeTask } from '@nodetask/shared';

export interface Step {
  /** File in examples/ without .yaml; also the name of its NodeTask. */
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

const hasCondition = (task: NodeTask, type: string): boolean =>
  task.status?.conditions?.some((condition) => condition.type === type && condition.status === 'True') ?? false;

const result = (task: NodeTask): NonNullable<NonNullable<NodeTask['status']>['targets']>[number]['result'] =>
  task.status?.targets?.[0]?.result;

const output = (task: NodeTask): Readonly<Record<string, unknown>> => result(task)?.output ?? {};

const message = (task: NodeTask): string =>
  task.status?.conditions?.find((condition) => condition.type === 'Ready')?.message ?? '';

const is = (what: string, actual: unknown, expected: unknown): string | undefined =>
  actual === expected ? undefined : `${what} is ${JSON.stringify(actual)}, expected ${JSON.stringify(expected)}`;

const succeeded = (task: NodeTask): string | undefined =>
  is('phase', task.status?.phase, 'Succeeded') ??
  (hasCondition(task, 'Complete') ? undefined : `condition Complete is not True: ${message(task)}`);

const oneShot = (step: Pick<Step, 'example' | 'shows' | 'says'> & Partial<Pick<Step, 'fault'>>): Step => ({
  ...step,
  done: (task) => hasCondition(task, 'Finished'),
  fault: step.fault ?? succeeded,
  timeoutMs: 30_000,
});

/** Applied in this order, each as soon as the one before is where it should be. */
export const scenario: readonly Step[] = [
  oneShot({
    example: 'configure-genesis',
    shows: "the genesis document, taken from the node's RPC in chunks and checked",
    says: (task) =>
      `chain ${String(output(task)['chainId'])}, ${String(output(task)['bytes'])} bytes, ${result(task)?.outcome ?? ''}`,
  }),
  oneShot({
    example: 'config-patch',
    shows: "a merge patch on the node's real config.toml, comments kept",
    says: (task) => `${result(task)?.outcome ?? ''}: ${changedKeys(output(task)).join(', ')}`,
  }),
  oneShot({
    example: 'config-validate',
    shows: 'every rule over the configuration that the patch left',
    says: (task) => `valid: ${String(output(task)['valid'])}`,
  }),
  oneShot({
    example: 'mark-ready',
    shows: "the agent's readiness, and with it the pod's",
    says: () => 'the pod is Ready',
  }),
  oneShot({
    example: 'configure-genesis-wrong-chain',
    shows: 'a task that must fail: the genesis belongs to another chain',
    fault: (task) =>
      is('phase', task.status?.phase, 'Failed') ?? is('errorCode', result(task)?.errorCode, 'chain-mismatch'),
    says: (task) => `failed as it should: ${result(task)?.error ?? ''}`,
  }),
  {
    example: 'schedule-block-height',
    shows: 'a schedule that fires once, at a block height',
    done: (task) => hasCondition(task, 'Finished'),
    fault: succeeded,
    says: (task) => `fired, ${result(task)?.outcome ?? ''}: ${changedKeys(output(task)).join(', ')}`,
    timeoutMs: 60_000,
  },
  {
    example: 'schedule-cron',
    shows: 'a schedule by cron; the demo waits for its first run',
    done: (task) => hasCondition(task, 'LastRunSucceeded'),
    fault: (task) =>
      is('phase', task.status?.phase, 'Scheduled') ?? (hasCondition(task, 'Ready') ? undefined : message(task)),
    says: (task) =>
      `run ${String(result(task)?.run)} completed, next at ${task.status?.nextRunAt ?? 'an unknown time'}`,
    timeoutMs: 90_000,
  },
];

/** Keys that config-patch changed, over all files. */
const changedKeys = (of: Readonly<Record<string, unknown>>): readonly string[] => {
  const files = of['files'];
  if (typeof files !== 'object' || files === null) return [];
  return Object.values(files).flatMap((file: unknown) => {
    const changed = typeof file === 'object' && file !== null && 'changed' in file ? file.changed : undefined;
    return Array.isArray(changed) ? changed.map(String) : [];
  });
};
