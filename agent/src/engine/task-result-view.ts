import type { TaskResult } from '@nodetask/shared';
import type { TaskRecord } from './store.ts';

/** The TaskResult that callers get: a copy of their own, with params and async. */
export const resultOf = (record: TaskRecord): TaskResult => {
  const { id, type, status, ...rest } = record.result;
  return structuredClone({
    id,
    type,
    status,
    ...(Object.keys(record.params).length === 0 ? {} : { params: { ...record.params } }),
    ...(record.async === undefined ? {} : { async: record.async }),
    ...rest,
    ...(record.missedRuns === undefined ? {} : { missedRuns: record.missedRuns }),
  });
};
