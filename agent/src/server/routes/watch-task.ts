import type { Route } from '../route.ts';
import { noSuchTask, taskID } from './task-id.ts';

/**
 * GET /v0/tasks/{id}/watch: the state, then every change of it. The first event is always the present state, so a client that
 * reconnects misses nothing that still counts, whatever Last-Event-ID it sends.
 */
export const watchTask: Route = {
  method: 'get',
  path: '/v0/tasks/{id}/watch',
  access: 'authenticated',
  mutating: false,
  doc: {
    operationId: 'watchTask',
    summary: 'Follow one task',
    description:
      'Server-sent events: `result` with a TaskResult as data, at once and after changes; `removed` when the task was removed; `end` when nothing more comes, because the task is terminal or was removed. A stream that ends without it may be opened again; one whose caller may no longer call ends so, within 15 s. A slow reader gets the latest state only.',
    responses: { 200: { description: 'The stream.', contentType: 'text/event-stream' } },
    errors: ['invalid-request', 'too-many-connections'],
  },
  handler: (context) => (request, response) => {
    const id = taskID(request);
    if (context.engine.getResult(id) === undefined) throw noSuchTask(id);
    if (request.method === 'HEAD') {
      response.set('Content-Type', 'text/event-stream; charset=utf-8').end();
      return;
    }
    const stream = context.streams.open(response, () => context.gate.refusal(request, watchTask.access) === undefined);
    let sequence = 0;
    const sendState = (): void => {
      stream.send(() => {
        const result = context.engine.getResult(id);
        const eventID = String(++sequence);
        if (result !== undefined) stream.write('result', eventID, result);
        else stream.write('removed', eventID, { id });
        if (result?.status === 'running') return;
        stream.write('end', eventID, { reason: result === undefined ? 'removed' : 'terminal' });
        stream.end();
      });
    };
    stream.onClose(
      context.engine.subscribe((change) => {
        if (change.id === id) sendState();
      }),
    );
    sendState();
  },
};
