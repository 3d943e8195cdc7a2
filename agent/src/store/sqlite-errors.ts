import { TaskError } from '@nodetask/shared';

/** Primary result codes of SQLite (https://sqlite.org/rescode.html). */
const resultCodes = { busy: 5, corrupt: 11, notADatabase: 26 } as const;

const resultCode = (error: unknown): number | undefined =>
  error instanceof Error && 'errcode' in error && typeof error.errcode === 'number' ? error.errcode & 0xff : undefined;

/** The file is damaged or no database at all; the disk and its permissions are fine. */
export const isCorrupt = (error: unknown): boolean => {
  const code = resultCode(error);
  return code === resultCodes.corrupt || code === resultCodes.notADatabase;
};

/** Somebody else has the file. */
export const isBusy = (error: unknown): boolean => resultCode(error) === resultCodes.busy;

/** What the engine gets where SQLite fails. */
export const unavailable = (path: string, what: string, error: unknown): TaskError =>
  new TaskError(
    'store-unavailable',
    `the journal ${path} cannot ${what}: ${error instanceof Error ? error.message : String(error)}`,
    {
      cause: error,
    },
  );
