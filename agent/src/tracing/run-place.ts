import { inTraceOf, runTraceParent } from '@nodetask/runtime';

export interface TracedRun {
  readonly taskID: string;
  readonly run: number;
  /** What recurs begins a trace with each run: one trace for months of them is of use to nobody. */
  readonly recurs: boolean;
  /** The traceparent that the request came with. */
  readonly trace: string | undefined;
}

/**
 * Where a run stands in which trace, as a traceparent: in that of the request, or in one of its own. Computed, so that a report that is
 * sent after a restart, and the operator that reads it, name the same place.
 */
export const runPlace = ({ taskID, run, recurs, trace }: TracedRun): string => {
  const own = runTraceParent(taskID, run);
  return recurs || trace === undefined ? own : inTraceOf(trace, own);
};
