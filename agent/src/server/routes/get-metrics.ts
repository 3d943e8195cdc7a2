import type { Route } from '../route.ts';

/** GET /v0/metrics */
export const getMetrics: Route = {
  method: 'get',
  path: '/v0/metrics',
  access: 'metrics',
  mutating: false,
  doc: {
    operationId: 'getMetrics',
    summary: 'Metrics for Prometheus',
    responses: { 200: { description: 'Text exposition format 0.0.4.', contentType: 'text/plain' } },
    errors: [],
  },
  handler: (context) => async (_request, response) => {
    const text = await context.metrics.registry.metrics();
    response.set('Content-Type', context.metrics.registry.contentType).send(text);
  },
};
