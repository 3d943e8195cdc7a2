import { TaskError } from '@nodetask/shared';

/** For an archive that is damaged, or holds what is not unpacked. */
export const archiveError = (what: string, cause?: unknown): TaskError =>
  new TaskError('snapshot-invalid', `the archive ${what}; nothing was changed`, { cause });
