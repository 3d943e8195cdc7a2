import type { PendingReport } from '../engine/engine-api.ts';
import { taskFields } from '../engine/task-fields.ts';
import type { Verdict } from './judge-answer.ts';

/** Which report a line of the log is about. */
export const aboutReport = ({ id, ref, revision, result }: PendingReport) => ({
  ...taskFields({ id, type: result.type, ref }),
  revision,
  status: result.status,
});

/** What to do about a report that is tried again. */
export const hint = (metric: Extract<Verdict, { kind: 'retry' }>['metric'], { ref }: PendingReport): string => {
  switch (metric) {
    case 'forbidden':
      return `the agent may not write results: its service account needs the verb patch on nodetasks/status (nodetask.dev) in the namespace ${ref.namespace}; trying again later`;
    case 'denied':
      return 'the admission policy of status refuses a result, and says why; trying again later';
    case 'unauthorized':
      return 'the API server does not take the token of the service account; trying again with a fresh one';
    case 'refused':
      return 'the API server refuses even the least result: is its CRD older than this agent? Trying again later';
    case 'failed':
      return 'the API server failed at a result; trying again later';
    default:
      return metric satisfies never;
  }
};
