import { sleep } from '@nodetask/shared';
import type { Route } from '../route.ts';
import { taskID } from './task-id.ts';

/** How long the answer waits for the work to stop; most work stops within milliseconds. */
const waitMs = 1000;

/** DELETE /v0/tasks/{id}: stops and forgets; the id is never executed again, not even one that was never seen. */
export const deleteTask: Route = {
  method: 'delete',
  path: '/v0/tasks/{id}',
  access: 'authenticated',
  mutating: true,
  doc: {
    operationId: 'deleteTask',
    summary: 'Stop and forget a task',
    description:
      'Cancels what runs of the task, forgets its result and leaves a tombstone for 30 days, also for an id that was never seen. Idempotent.',
    responses: {
      202: {
        description: 'The work is still stopping: ask again.',
        schema: 'SubmitResponse',
        headers: { 'Retry-After': 'Seconds after which to ask again.' },
      },
      204: { description: 'Nothing of the task runs any more.' },
    },
    errors: ['invalid-request'],
  },
  handler: (context) => async (request, response) => {
    const id = taskID(request);
    context.engine.removeResult(id);
    const waiting = new AbortController();
    const stopped = await Promise.race([
      context.engine.stopped(id).then(() => true),
      sleep(context.clock, waitMs, waiting.signal).then(
        () => false,
        () => false,
      ),
    ]);
    waiting.abort(new Error('the work has stopped'));
    if (stopped) response.status(204).end();
    else response.status(202).set('Retry-After', '1').json({ id });
  },
};
