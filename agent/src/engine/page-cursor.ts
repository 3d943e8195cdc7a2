import { TaskError } from '@nodetask/shared';

/** Results on a page where the caller does not say how many, and the most. */
const defaultLimit = 100;
const maxLimit = 500;

/** @throws TaskError `invalid-request` for a limit that is no whole number from 1 on; more than the most means the most. */
export const pageLimit = (limit: number = defaultLimit): number => {
  if (!Number.isSafeInteger(limit) || limit < 1) {
    throw invalid('limit', `is ${limit}; give a whole number from 1 to ${maxLimit}`);
  }
  return Math.min(limit, maxLimit);
};

/** The cursor is opaque to callers: the sequence below which the next page begins. */
export const encodeCursor = (before: number): string => Buffer.from(String(before)).toString('base64url');

/** @throws TaskError `invalid-request` */
export const decodeCursor = (cursor: string): number => {
  const text = Buffer.from(cursor, 'base64url').toString();
  if (!/^\d{1,15}$/u.test(text))
    throw invalid('cursor', `is "${cursor.slice(0, 64)}"; give the cursor of a former page`);
  return Number(text);
};

const invalid = (path: string, message: string): TaskError =>
  new TaskError('invalid-request', `invalid request: ${path} ${message}`, { details: { faults: [{ path, message }] } });
