import { TaskError } from '@nodetask/shared';

/** Of a parameter whose value the rest of the task makes wrong, or without effect. */
export const refusedParam = (param: string, message: string): TaskError =>
  new TaskError('invalid-params', `${param}: ${message}`, {
    details: { faults: [{ path: `params.${param}`, message }] },
  });
