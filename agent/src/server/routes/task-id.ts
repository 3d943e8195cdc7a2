import { TaskError } from '@nodetask/shared';
import type { Request } from 'express';
import * as z from 'zod';
import { parseInput } from '../faults.ts';
import { quoteValue } from '../quote-value.ts';

const taskIDSchema = z.object({ id: z.uuid('must be a UUID') });

/** The id in the path, in lower case. @throws TaskError invalid-request */
export const taskID = (request: Request): string =>
  parseInput(taskIDSchema, { id: request.params['id'] }, 'invalid-request', 'The path is not valid').id.toLowerCase();

export const noSuchTask = (id: string): TaskError =>
  new TaskError(
    'not-found',
    `There is no task ${quoteValue(id)}: it was never accepted here, was removed, or is long finished.`,
  );
