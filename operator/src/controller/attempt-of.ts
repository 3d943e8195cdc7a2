import type { RunContext } from './run-context.ts';

/** Number of the current attempt on a pod: as status has it for this run, else the first. */
export const attemptOf = ({ sameRun, rowByPod }: Pick<RunContext, 'sameRun' | 'rowByPod'>, pod: string): number =>
  (sameRun ? rowByPod.get(pod)?.attempt : undefined) ?? 1;
