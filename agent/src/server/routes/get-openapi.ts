import type { Route } from '../route.ts';

/** GET /v0/openapi.json: built at the first call, because most agents are never asked. */
export const getOpenAPI: Route = {
  method: 'get',
  path: '/v0/openapi.json',
  access: 'authenticated',
  mutating: false,
  doc: {
    operationId: 'getOpenAPI',
    summary: 'This document',
    responses: { 200: { description: 'OpenAPI 3.1.', schema: 'OpenAPI' } },
    errors: [],
  },
  handler: () => {
    let text: string | undefined;
    return async (_request, response) => {
      if (text === undefined) {
        const { openAPIText } = await import('../openapi.ts');
        text = openAPIText();
      }
      response.type('application/json').send(text);
    };
  },
};
