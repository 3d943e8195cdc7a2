import * as z from 'zod';
import {
  maxConditionMessageCharacters,
  maxErrorCharacters,
  maxHistoryCharacters,
  maxHistoryEntries,
  maxTargetMessageCharacters,
  maxTargetRows,
  maxTargetTextCharacters,
} from './names.ts';
import { maxRunRecords, runRecordSchema, taskResultSchema, timestamp } from './task-result.ts';

/** metav1.Condition. */
export const conditionSchema = z.object({
  type: z.string().max(64).describe('Type of the condition, in CamelCase.'),
  status: z.enum(['True', 'False', 'Unknown']).describe('True, False or Unknown.'),
  observedGeneration: z.int().min(0).optional().describe('metadata.generation that the condition was set for.'),
  lastTransitionTime: timestamp.describe('When status last changed.'),
  reason: z.string().min(1).max(64).describe('Reason in CamelCase.'),
  message: z.string().max(maxConditionMessageCharacters).describe('What it means and what to do.'),
});

export type Condition = z.output<typeof conditionSchema>;

/** A TaskResult as it stands on status: without params, its error cut. */
export const statusResultSchema = taskResultSchema.omit({ params: true }).extend({
  error: z.string().max(maxErrorCharacters).optional().describe('Why it failed, at most 512 characters.'),
});

/** One target. The agent owns `result` and `runs`, the operator everything else. Only `pod` is required: either may be first. */
export const targetStatusSchema = z.strictObject({
  pod: z.string().min(1).max(253).describe('Name of the pod.'),
  podUID: z.string().max(64).optional().describe('UID of the pod that the current attempt was dispatched to.'),
  phase: z
    .string()
    .max(32)
    .optional()
    .describe('Where the target is: Pending, Queued, Running, Scheduled, Succeeded, Failed, Cancelled.'),
  attempt: z.int().min(1).optional().describe('Number of the current attempt, from 1.'),
  taskID: z
    .string()
    .max(64)
    .optional()
    .describe('Id of the current attempt on the agent; a result counts only with this id.'),
  message: z.string().max(maxTargetMessageCharacters(1)).optional().describe('What it waits for, or why it failed.'),
  startedAt: timestamp.optional().describe('When the current attempt was dispatched.'),
  completedAt: timestamp
    .optional()
    .describe('When the target was finished; while a retry is awaited, when the attempt failed.'),
  result: statusResultSchema
    .optional()
    .describe("The agent's TaskResult; the whole is at GET /v0/tasks/{id} of the agent.")
    .meta({ 'x-kubernetes-map-type': 'atomic' }),
  runs: z
    .array(runRecordSchema)
    .max(maxRunRecords)
    .optional()
    .describe('The last runs of a schedule, newest first.')
    .meta({ 'x-kubernetes-list-type': 'atomic' }),
});

export type TargetStatus = z.output<typeof targetStatusSchema>;

export const countsSchema = z.strictObject({
  desired: z.int().min(0).describe('Targets in all.'),
  running: z.int().min(0).describe('Targets that have an attempt, a schedule or a daemon going.'),
  succeeded: z.int().min(0).describe('Targets that succeeded.'),
  failed: z.int().min(0).describe('Targets that failed.'),
});

/** What the operator and the agents observed. */
export const nodeTaskStatusSchema = z.strictObject({
  observedGeneration: z
    .int()
    .min(-1)
    .optional()
    .describe(
      'metadata.generation that this status describes; -1 = nobody has looked yet, so that no tool takes the object for ready.',
    ),
  fence: z
    .int()
    .min(0)
    .optional()
    .describe(
      'leaseTransitions of the Lease under which the operator wrote this; never falls, so that a late write of a former leader is refused.',
    ),
  runID: z.string().max(63).optional().describe('The runID that this status describes.'),
  phase: z
    .string()
    .max(32)
    .optional()
    .describe(
      'Pending, Queued, Running, Scheduled, Suspended, Stalled, Succeeded, Failed or Cancelled; derived from the conditions, more may come.',
    ),
  conditions: z
    .array(conditionSchema)
    .max(16)
    .optional()
    .describe('Ready, Reconciling, Stalled, Complete, Failed, Finished, Suspended, LastRunSucceeded.')
    .meta({ 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['type'] }),
  targets: z
    .array(targetStatusSchema)
    .max(maxTargetRows)
    .optional()
    .describe('Every target, by pod.')
    .meta({ 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['pod'] }),
  counts: countsSchema.optional().describe('Targets by state.'),
  summary: z
    .string()
    .max(64)
    .optional()
    .describe('Targets that succeeded, of all, for instance 2/3; of a schedule or daemon, those where it is going.'),
  target: z
    .string()
    .max(maxTargetTextCharacters)
    .optional()
    .describe('The pod or the labels of spec.target, cut in the middle to fit into a column.'),
  progress: z.string().max(16).optional().describe('How far it is: percent of the one target that runs, else summary.'),
  startedAt: timestamp.optional().describe('When the first attempt was dispatched.'),
  completedAt: timestamp.optional().describe('When the task was finished.'),
  history: z
    .array(z.string().max(maxHistoryCharacters))
    .max(maxHistoryEntries)
    .optional()
    .describe('How the runs of the last runIDs ended, newest first: time, runID, phase, targets, duration, why.')
    .meta({ 'x-kubernetes-list-type': 'atomic' }),
  lastRunAt: timestamp.optional().describe('When a schedule last fired.'),
  nextRunAt: timestamp.optional().describe('When a schedule fires next.'),
  missedRuns: z
    .int()
    .min(1)
    .optional()
    .describe('Firings of a schedule so far that did not run in time, on all targets together.'),
  blockedBy: z.string().max(317).optional().describe('The task that runs on the target, which this one waits for.'),
  queuePosition: z
    .int()
    .min(1)
    .optional()
    .describe('Place in the queue of the target that blockedBy is about, from 1; first come, first served.'),
});

export type NodeTaskStatus = z.output<typeof nodeTaskStatusSchema>;
