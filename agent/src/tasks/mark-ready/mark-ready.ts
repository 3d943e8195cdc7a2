import type { MarkReadyParams } from '@nodetask/shared';
import type { TaskHandler } from '../../engine/task-handler.ts';

/**
 * mark-ready: has no work of its own. The engine commits "ready" together with the completion of the task, so that both survive a crash or
 * neither does.
 */
export const markReady = (): TaskHandler<MarkReadyParams> => ({
  interrupted: 'run-again',
  locks: () => [],
  run: async () => ({ outcome: 'changed', message: 'the node is marked ready and may start' }),
});
