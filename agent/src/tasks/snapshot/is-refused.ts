import { TaskError } from '@nodetask/shared';

/** The store does not let the agent do it. S3 says so of an object that is not there, too, if the bucket may not be listed. */
export const isRefused = (error: unknown): boolean =>
  error instanceof TaskError && error.code === 'object-store-refused';
