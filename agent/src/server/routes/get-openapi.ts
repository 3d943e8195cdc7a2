import type { Route } from '../route.ts';

/** GET /v0/openapi.json, which describes every route, this one too: built at the first call, because most agents are never asked. */
export const getOpenAPI = (routes: () => readonly Route[]): Route => ({
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
        text = openAPIText(routes());
      }
      response.type('application/json').send(text);
    };
  },
});
