// The example that each page of docs/tasks/ shows, and what must come of it.
import type { TaskType } from '@nodetask/shared';
import { is } from '../../demo/outcome.ts';
import { furtherExamples, onAChainWithSnapshots, onAnEmptyHome, scenario } from '../../demo/scenario.ts';
import { hasCondition, oneShot, output, result, scheduled, succeeded } from '../../demo/step.ts';
import type { Step } from '../../demo/step.ts';

const shown = (example: string): Step => {
  const step = [...scenario, ...furtherExamples].find((one) => one.example === example);
  if (step === undefined) throw new Error(`no step applies examples/${example}.yaml`);
  return step;
};

const changed = (example: string, shows: string): Step =>
  oneShot({
    example,
    shows,
    fault: (task) => succeeded(task) ?? is('outcome', result(task)?.outcome, 'changed'),
    says: (task) => JSON.stringify(output(task)),
  });

/** In an order in which each finds what it needs. */
export const pageExamples: Readonly<Record<TaskType, Step>> = {
  'configure-genesis': shown('configure-genesis'),
  'config-patch': shown('config-patch'),
  'config-validate': shown('config-validate'),
  'config-reload': shown('config-reload'),
  'mark-ready': shown('mark-ready'),
  'discover-peers': shown('discover-peers'),
  'snapshot-upload': changed('snapshot-upload', 'a snapshot, as the credentials of its page allow it'),
  'snapshot-restore': changed('snapshot-restore', 'the same snapshot in another home'),
  'configure-state-sync': onAChainWithSnapshots,
  'result-export': changed('result-export', 'the results of all blocks so far'),
  'config-apply': onAnEmptyHome,
};

export const genesisFromS3 = changed('configure-genesis-s3', 'the genesis document, out of a bucket');

export const exportDaemon: Step = {
  example: 'result-export-daemon',
  shows: 'a daemon that writes its first page',
  done: (task) => result(task)?.progress?.stage === 'follow',
  fault: (task) => is('phase', task.status?.phase, 'Running'),
  says: (task) => `exported up to ${String(result(task)?.progress?.done)}`,
  timeoutMs: 60_000,
};

export const nightlyUpload: Step = {
  example: 'snapshot-upload-nightly',
  shows: 'an upload by cron, of a snapshot that is uploaded already',
  done: (task) => hasCondition(task, 'LastRunSucceeded'),
  fault: (task) => scheduled(task) ?? is('outcome', result(task)?.outcome, 'unchanged'),
  says: (task) => JSON.stringify(output(task)),
  timeoutMs: 90_000,
};
