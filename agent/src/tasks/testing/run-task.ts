import { silentLogger, type TaskParams, taskParams, type TaskType } from '@nodetask/shared';
import type { Pledge, ProgressUpdate, TaskContext, TaskHandler, ToldReport } from '../../engine/task-handler.ts';

export interface RunOptions {
  /** Of the task; default: a new one. */
  readonly id?: string;
  /** Default: one-shot. */
  readonly kind?: TaskContext<unknown>['kind'];
  readonly signal?: AbortSignal;
  readonly onProgress?: (update: ProgressUpdate) => void;
  readonly onAdvance?: () => void;
  /** Default: now. */
  readonly submittedAt?: string;
  readonly onPledge?: (pledge: Pledge) => void;
}

/** Does what the engine does with a one-shot: parses the params, lets the handler check them, runs it. */
export const runTask = async <T extends TaskType>(
  type: T,
  handler: TaskHandler<TaskParams[T]>,
  params: unknown,
  options: RunOptions = {},
): Promise<ToldReport> => {
  const parsed = taskParams[type].schema.parse(params) as TaskParams[T];
  handler.check?.(parsed);
  return handler.run({
    id: options.id ?? crypto.randomUUID(),
    kind: options.kind ?? 'one-shot',
    params: parsed,
    run: 1,
    submittedAt: options.submittedAt ?? new Date().toISOString(),
    signal: options.signal ?? new AbortController().signal,
    logger: silentLogger,
    progress: options.onProgress ?? (() => undefined),
    advanced: options.onAdvance ?? (() => undefined),
    pledge: options.onPledge ?? (() => undefined),
    withLocks: (_locks, work) => work(),
  });
};
