import { TaskError } from '@nodetask/shared';

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';

/** True where a file or folder is not there. */
export const isMissing = (error: unknown): boolean => codeOf(error) === 'ENOENT';

/** An error of the file system as a TaskError that names the operation, the path and what to do. */
export const fileError = (operation: string, path: string, error: unknown): TaskError => {
  if (error instanceof TaskError) return error;
  const code = codeOf(error);
  const text = `cannot ${operation} ${path}: ${error instanceof Error ? error.message : String(error)}`;
  switch (code) {
    case 'ENOSPC':
    case 'EDQUOT':
      return new TaskError('disk-full', `${text}: free space on the node's volume or enlarge it`, { cause: error });
    case 'EACCES':
    case 'EPERM':
      return new TaskError('file-io', `${text}: run the agent as the owner of the node's files, or as root`, {
        cause: error,
        retriable: false,
      });
    case 'EROFS':
      return new TaskError('file-io', `${text}: mount the node's volume writable`, { cause: error, retriable: false });
    case 'ELOOP':
      return new TaskError(
        'file-invalid',
        `${path} is a symbolic link, which the agent does not follow: replace it by a file`,
        {
          cause: error,
        },
      );
    default:
      return new TaskError('file-io', text, { cause: error });
  }
};
