import type { NodeTask } from '@nodetask/shared';
import { taskID } from './task-id.ts';

/** The id of an attempt of the run that spec asks for. */
export const currentTaskID = ({ nodeTask }: { readonly nodeTask: NodeTask }, pod: string, attempt: number): string =>
  taskID({ nodeTaskUID: nodeTask.metadata.uid, runID: nodeTask.spec.runID, pod, attempt });
