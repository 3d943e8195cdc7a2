import { type JsonObject, TaskError } from '@nodetask/shared';
import type { LockHolder } from './lock-table.ts';

/**
 * Thrown by submit while another one-shot runs, or a task that holds a lock of the new one; and by withLocks. Nothing waits
 * inside the engine: try again when `details.blockedBy` has ended.
 */
export class BusyError extends TaskError {
  constructor(blocker: LockHolder) {
    const blockedBy: JsonObject = {
      id: blocker.id,
      type: blocker.type,
      ...(blocker.ref === undefined ? {} : { ref: { ...blocker.ref } }),
    };
    super('busy', 'a task is already running', { details: { blockedBy } });
  }
}
