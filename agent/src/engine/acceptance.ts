import { TaskError } from '@nodetask/shared';
import type { TaskRecord } from './store.ts';
import { scheduleDifferences } from './schedule-state.ts';
import { differences, isSameRequest, type Submission } from './submission.ts';

/** What to do with a request: begin a task, answer with the known one, or run a failed one-shot again. */
export type Acceptance =
  { readonly kind: 'new' } | { readonly kind: 'known' } | { readonly kind: 'rerun'; readonly record: TaskRecord };

/**
 * Judges a request by what the journal knows of its id. Pure.
 * @throws TaskError `gone`, `conflict`, `schedule-conflict`, `run-mismatch`
 */
export const acceptanceOf = (
  submission: Submission,
  record: TaskRecord | undefined,
  tombstoned: boolean,
): Acceptance => {
  const { id, run } = submission;
  if (record === undefined) {
    if (tombstoned) throw new TaskError('gone', `task ${id} was removed and is never executed again; use a new id`);
    if (run !== undefined && run !== 1) {
      throw new TaskError('run-mismatch', `run is ${run}, but the agent knows no task ${id}; the first run is 1`);
    }
    return { kind: 'new' };
  }
  if (record.damaged === true) {
    // The record cannot tell if it is the same request: callers that send it again read how the task ended.
    if (run === undefined) return { kind: 'known' };
    throw new TaskError('run-mismatch', `run is ${run}, but the record of task ${id} is damaged; use a new id`);
  }
  if (!isSameRequest(record, submission)) {
    const differs = differences(record, submission);
    throw new TaskError(
      'conflict',
      `id ${id} belongs to another request, of type ${record.type}, which differs in ${differs.slice(0, 10).join(', ')}; use a new id`,
      { details: { differs } },
    );
  }
  refuseOtherSchedule(record, submission);
  const stored = record.result.run;
  // The stored number again: the request that began this run, sent twice.
  if (run === undefined || run === stored) return { kind: 'known' };
  const { status } = record.result;
  if (status === 'failed' && run === stored + 1) return { kind: 'rerun', record };
  const allowed = status === 'failed' ? `send run = ${stored + 1}` : 'only a failed task runs again';
  throw new TaskError('run-mismatch', `run is ${run}, but task ${id} is ${status} with run ${stored}; ${allowed}`);
};

/** A living schedule changes by updateSchedule alone: a request that was on its way for long must not set it back. */
const refuseOtherSchedule = (record: TaskRecord, { id, async }: Submission): void => {
  if (record.kind !== 'schedule' || record.result.status !== 'running') return;
  const differs = scheduleDifferences(record, async?.schedule ?? {});
  if (differs.length === 0) return;
  throw new TaskError(
    'schedule-conflict',
    `task ${id} is a schedule that lives, and the request has another ${differs.join(', ')}; nothing was changed: change it by PUT /v0/tasks/${id}/schedule`,
    { details: { differs } },
  );
};
