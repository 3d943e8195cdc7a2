import * as z from 'zod';

/** The eleven kinds of work, spelled as in the Go package that the engine descends from. */
export const taskTypes = [
  'snapshot-restore',
  'discover-peers',
  'config-patch',
  'config-apply',
  'config-validate',
  'config-reload',
  'mark-ready',
  'configure-genesis',
  'configure-state-sync',
  'snapshot-upload',
  'result-export',
] as const;

export const taskTypeSchema = z.enum(taskTypes).describe('Task type.');

export type TaskType = (typeof taskTypes)[number];

/**
 * Types that may run as a daemon. The others hold the locks of the files that they write for their whole run, and a daemon holds none;
 * mark-ready writes no file, and ends at once.
 */
export const daemonTypes = ['result-export', 'mark-ready'] as const satisfies readonly TaskType[];

export const isTaskType = (value: unknown): value is TaskType => (taskTypes as readonly unknown[]).includes(value);
