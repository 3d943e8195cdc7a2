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
 * Types that may run as a daemon: those that run until they are stopped. The others come to an end, and most hold the locks of the files
 * that they write for their whole run, which a daemon must not.
 */
export const daemonTypes = ['result-export'] as const satisfies readonly TaskType[];

export const isTaskType = (value: unknown): value is TaskType => (taskTypes as readonly unknown[]).includes(value);
