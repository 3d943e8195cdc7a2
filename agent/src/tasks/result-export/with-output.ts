import { type JsonObject, TaskError } from '@nodetask/shared';

/** An error with what the run did before it. */
export const withOutput = (error: unknown, output: JsonObject): unknown => {
  if (!(error instanceof TaskError)) return error;
  const { code, message, retriable, details } = error;
  return new TaskError(code, message, {
    cause: error,
    retriable,
    output: { ...error.output, ...output },
    ...(details === undefined ? {} : { details }),
  });
};
