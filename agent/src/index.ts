export type { Task, EngineApi, PendingReport, ResultChange, ResultPage } from './engine/engine-api.ts';
export type {
  LockName,
  ProgressUpdate,
  TaskContext,
  TaskHandler,
  TaskHandlers,
  TaskReport,
} from './engine/task-handler.ts';
export type { RecordPage, Store, TaskRecord } from './engine/store.ts';
export type { BlockHeights } from './engine/block-heights.ts';
