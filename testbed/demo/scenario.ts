// What the first act applies, each as soon as the one before is where it should be.
import { is } from './outcome.ts';
import { changedKeys, hasCondition, oneShot, output, result, scheduled, succeeded } from './step.ts';
import type { Step } from './step.ts';

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
    fault: scheduled,
    says: (task) =>
      `run ${String(result(task)?.run)} completed, next at ${task.status?.nextRunAt ?? 'an unknown time'}`,
    timeoutMs: 90_000,
  },
];

/** Examples that the demo leaves out, and that run on the same node; applied after the scenario. */
export const furtherExamples: readonly Step[] = [
  oneShot({
    example: 'several-targets',
    shows: 'one task on every pod that a selector matches',
    fault: (task) => succeeded(task) ?? is('summary', task.status?.summary, '2/2'),
    says: (task) => task.status?.summary ?? '',
  }),
  oneShot({
    example: 'retry',
    shows: 'a task with retries, a time-out and an end of its own',
    fault: (task) => succeeded(task) ?? is('attempt', task.status?.targets?.[0]?.attempt, 1),
    says: (task) => result(task)?.outcome ?? '',
  }),
  oneShot({
    example: 'config-reload',
    shows: 'a setting that a node takes over while it runs',
    says: (task) => result(task)?.outcome ?? '',
  }),
  oneShot({
    example: 'discover-peers',
    shows: 'peers from DNS and from a list; that the name is unknown here is in the result',
    says: (task) => result(task)?.outcome ?? '',
  }),
];

/** Writes the files of a Sei node, so it wants a home that has none yet. */
export const onAnEmptyHome: Step = oneShot({
  example: 'config-apply',
  shows: 'both config files for a role',
  says: (task) => `${result(task)?.outcome ?? ''}, mode ${String(output(task)['mode'])}`,
});

/** Wants witnesses that have the trust height, and a home of a node that has not started yet. */
export const onAChainWithSnapshots: Step = oneShot({
  example: 'configure-state-sync',
  shows: 'a trust point on which two witnesses agree',
  fault: (task) => succeeded(task) ?? is('outcome', result(task)?.outcome, 'changed'),
  says: (task) =>
    `height ${String(output(task)['trustHeight'])}, hash ${String(output(task)['trustHash']).slice(0, 12)}…`,
});
