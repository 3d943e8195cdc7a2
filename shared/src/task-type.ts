import { z } from 'zod';

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

export const isTaskType = (value: unknown): value is TaskType => (taskTypes as readonly unknown[]).includes(value);
