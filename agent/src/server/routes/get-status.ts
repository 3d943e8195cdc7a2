import type { Route } from '../route.ts';

/** GET /v0/status */
export const getStatus: Route = {
  method: 'get',
  path: '/v0/status',
  access: 'authenticated',
  mutating: false,
  doc: {
    operationId: 'getStatus',
    summary: 'Read the state of the agent',
    responses: { 200: { description: 'The state.', schema: 'Status' } },
    errors: [],
  },
  handler: (context) => (_request, response) => {
    response.json(context.engine.status());
  },
};
