import type { NodeIdResponse } from '@nodetask/shared';
import type { Route } from '../route.ts';

/** GET /v0/node-id, as seictl has it: the id and nothing else of the file, which holds the private key. */
export const getNodeId: Route = {
  method: 'get',
  path: '/v0/node-id',
  access: 'authenticated',
  mutating: false,
  doc: {
    operationId: 'getNodeId',
    summary: 'Read the id under which the node is known to its peers',
    description:
      "From the node's key file (`node_key_file` of config.toml; else config/node_key.json), also while the node does not run. The same as `show-node-id` and the RPC of the node say.",
    responses: { 200: { description: 'The id.', schema: 'NodeId' } },
    errors: ['node-key-missing', 'node-key-invalid'],
  },
  handler: (context) => async (_request, response) => {
    const answer: NodeIdResponse = { nodeId: await context.nodeId() };
    response.json(answer);
  },
};
