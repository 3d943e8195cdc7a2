import { scheduleUpdateSchema, updateWithoutZeroValues } from '@nodetask/shared';
import { parseInput } from '../faults.ts';
import { readFencedBody } from '../fenced-body.ts';
import type { Route } from '../route.ts';
import { stoppingError } from './submit-task.ts';
import { taskID } from './task-id.ts';

/** PUT /v0/tasks/{id}/schedule: run number, history and the active run stay. */
export const updateSchedule: Route = {
  method: 'put',
  path: '/v0/tasks/{id}/schedule',
  access: 'authenticated',
  mutating: true,
  doc: {
    operationId: 'updateSchedule',
    summary: 'Change a schedule',
    description: 'Keeps run number, history and the active run; the next run is computed anew from now. Idempotent.',
    body: 'ScheduleUpdate',
    responses: { 200: { description: 'The task with its new schedule.', schema: 'TaskResult' } },
    errors: [
      'invalid-json',
      'invalid-request',
      'invalid-schedule',
      'gone',
      'payload-too-large',
      'unsupported-media-type',
      'stopping',
    ],
  },
  handler: (context) => async (request, response) => {
    const id = taskID(request);
    const body = updateWithoutZeroValues(await readFencedBody(request, context.engine));
    if (context.stopping()) throw stoppingError();
    const update = parseInput(scheduleUpdateSchema, body, 'invalid-request', 'The change of the schedule is not valid');
    response.json(context.engine.updateSchedule(id, update));
  },
};
