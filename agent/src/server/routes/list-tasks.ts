import * as z from 'zod';
import { parseInput } from '../faults.ts';
import type { Route } from '../route.ts';

const defaultLimit = 100;

const listQuerySchema = z.strictObject({
  limit: z
    .string()
    .regex(/^[1-9]\d{0,2}$/, 'must be a whole number from 1 to 500')
    .transform(Number)
    .pipe(z.int().max(500, 'must be a whole number from 1 to 500'))
    .optional()
    .describe('The most results of a page, from 1 to 500. Default: 100.'),
  cursor: z.string().min(1).max(256).optional().describe('From the Link header of the page before.'),
});

/** GET /v0/tasks: newest first, complete, in pages. */
export const listTasks: Route = {
  method: 'get',
  path: '/v0/tasks',
  access: 'authenticated',
  mutating: false,
  doc: {
    operationId: 'listTasks',
    summary: 'List the tasks',
    description: 'Newest first. A schedule or daemon never falls off the list because one-shots finished.',
    query: listQuerySchema,
    responses: {
      200: {
        description: 'One page.',
        schema: 'TaskResult[]',
        headers: { Link: 'Where the next page is (RFC 8288, rel="next"); absent on the last.' },
      },
    },
    errors: ['invalid-request'],
  },
  handler: (context) => (request, response) => {
    const query = parseInput(listQuerySchema, request.query, 'invalid-request', 'The query is not valid');
    const limit = query.limit ?? defaultLimit;
    const page = context.engine.recentResults({
      limit,
      ...(query.cursor === undefined ? {} : { cursor: query.cursor }),
    });
    if (page.next !== undefined) {
      const next = new URLSearchParams({ limit: String(limit), cursor: page.next });
      response.set('Link', `</v0/tasks?${next.toString()}>; rel="next"`);
    }
    response.json(page.results);
  },
};
