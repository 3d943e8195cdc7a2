import type { TaskRecord } from './store.ts';
import type { Submission } from './submission.ts';

/** The record of a task that has just been accepted: no run yet. */
export const newRecord = (
  submission: Submission,
  kind: TaskRecord['kind'],
  sequence: number,
  submittedAt: string,
): TaskRecord => {
  const { id, type, params, async, timeoutSeconds, resume, ref, trace, fingerprint } = submission;
  return {
    id,
    kind,
    type,
    params,
    ...(async === undefined ? {} : { async }),
    ...(timeoutSeconds === undefined ? {} : { timeoutSeconds }),
    ...(resume === undefined ? {} : { resume }),
    ...(ref === undefined ? {} : { ref }),
    ...(trace === undefined ? {} : { trace }),
    fingerprint,
    result: { id, type, status: 'running', submittedAt, run: resume?.lastRun ?? 0 },
    active: false,
    runs: [],
    revision: 1,
    reportedRevision: 0,
    sequence,
  };
};
