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
