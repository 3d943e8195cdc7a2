import type { TaskRef } from '@nodetask/shared';

/** As the operator names a NodeTask in its own log lines, so that one search finds the lines of both. */
export const nodeTaskName = ({ namespace, name }: Pick<TaskRef, 'namespace' | 'name'>): string =>
  `${namespace}/${name}`;

/** As much of a task as names it; of a damaged record not even the type may be known. */
export interface NamedTask {
  readonly id: string;
  readonly type: string | undefined;
  readonly ref?: TaskRef | undefined;
}

/** The fields by which each line of the log names the task that it is about. A task that was submitted without a NodeTask has none. */
export const taskFields = ({ id, type, ref }: NamedTask) => ({
  task: id,
  type,
  ...(ref === undefined ? {} : { nodeTask: nodeTaskName(ref) }),
});
