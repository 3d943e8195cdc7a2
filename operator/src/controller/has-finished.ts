import type { NodeTask } from '@nodetask/shared';
import { isTerminal } from './run-context.ts';

/** Whether the run that spec asks for has ended: the end of an earlier one says nothing. */
export const hasFinished = ({ spec, status }: NodeTask): boolean =>
  isTerminal(status?.phase) && status?.runID === spec.runID;
