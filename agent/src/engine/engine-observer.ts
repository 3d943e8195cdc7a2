import type { ErrorCode, Logger, TaskType } from '@nodetask/shared';
import type { TaskRecord } from './store.ts';

/** A run that is over. */
export interface RunEnded {
  readonly id: string;
  readonly type: TaskType;
  readonly kind: TaskRecord['kind'];
  /** interrupted: the engine stopped, the next start decides. removed: the task was removed while it ran. */
  readonly status: 'completed' | 'failed' | 'interrupted' | 'removed';
  readonly errorCode?: ErrorCode;
  readonly durationMs: number;
}

/** What metrics are made of. Called synchronously; what it throws is logged and harms no task. */
export interface EngineObserver {
  submitted?(type: TaskType, kind: TaskRecord['kind']): void;
  runEnded?(run: RunEnded): void;
  /** `count` firings of a schedule did not happen. */
  runsMissed?(type: TaskType, count: number): void;
}

/** An observer that never throws. */
export const harmless = (observer: EngineObserver, logger: Logger): Required<EngineObserver> => {
  const guarded = (call: () => void): void => {
    try {
      call();
    } catch (error) {
      logger.error('the observer of the engine threw', { error });
    }
  };
  return {
    submitted: (type, kind) => {
      guarded(() => observer.submitted?.(type, kind));
    },
    runEnded: (run) => {
      guarded(() => observer.runEnded?.(run));
    },
    runsMissed: (type, count) => {
      guarded(() => observer.runsMissed?.(type, count));
    },
  };
};
