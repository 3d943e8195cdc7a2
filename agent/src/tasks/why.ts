import { TaskError } from '@nodetask/shared';

const maxCharacters = 200;

/**
 * What an output says of a host that failed. Errors that are no TaskError are faults of this program and are thrown on.
 */
export const whyOf = (error: unknown): string => {
  if (!(error instanceof TaskError)) throw error;
  return error.message.length > maxCharacters ? `${error.message.slice(0, maxCharacters - 1)}…` : error.message;
};
