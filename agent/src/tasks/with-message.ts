import type { TaskReport, ToldReport } from '../engine/task-handler.ts';

/** The report of a pledge, to which an earlier version of the agent may have given no message. */
export const withMessage = (report: TaskReport): ToldReport => ({
  ...report,
  message: report.message ?? 'done before the agent was started again',
});
