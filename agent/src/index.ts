export { Engine, type EngineOptions } from './engine/engine.ts';
export type { EngineObserver, RunEnded } from './engine/engine-observer.ts';
export { BusyError } from './engine/busy-error.ts';
export { validateCron } from './engine/cron/cron-trigger.ts';
export type { Task, EngineApi, PendingReport, ResultChange, ResultPage } from './engine/engine-api.ts';
export type {
  LockName,
  ProgressUpdate,
  TaskContext,
  TaskHandler,
  TaskHandlers,
  TaskReport,
} from './engine/task-handler.ts';
export { tombstoneLimits, type RecordPage, type Store, type TaskRecord } from './engine/store.ts';
export type { BlockHeights } from './engine/block-heights.ts';
export { MemoryStore } from './store/memory-store.ts';
export { openSqliteStore, type SqliteStoreOptions } from './store/open-sqlite-store.ts';
export type { SqliteStore } from './store/sqlite-store.ts';
export type { JournalOwner } from './store/journal-owner.ts';
