import type { Route } from '../route.ts';
import { noSuchTask, taskID } from './task-id.ts';

/** GET /v0/tasks/{id} */
export const getTask: Route = {
  method: 'get',
  path: '/v0/tasks/{id}',
  access: 'authenticated',
  mutating: false,
  doc: {
    operationId: 'getTask',
    summary: 'Read one task',
    responses: { 200: { description: 'The task, its params and output whole.', schema: 'TaskResult' } },
    errors: ['invalid-request'],
  },
  handler: (context) => (request, response) => {
    const id = taskID(request);
    const result = context.engine.getResult(id);
    if (result === undefined) throw noSuchTask(id);
    response.json(result);
  },
};
