import { type StatusResponse, TaskError } from '@nodetask/shared';
import type { NodeIdReader } from '../../node/node-id-reader.ts';
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
  handler: (context) => async (_request, response) => {
    const nodeId = await idIfKnown(context.nodeId);
    const answer: StatusResponse = { ...context.engine.status(), ...(nodeId === undefined ? {} : { nodeId }) };
    response.json(answer);
  },
};

/** The state of the agent does not depend on the node's key: GET /v0/node-id tells what is wrong with that. */
const idIfKnown = async (read: NodeIdReader): Promise<string | undefined> => {
  try {
    return await read();
  } catch (error) {
    if (error instanceof TaskError) return undefined;
    throw error;
  }
};
