import { TaskError } from '@nodetask/shared';
import type { Handle, Route, RouteContext } from '../route.ts';

/** The probes of the kubelet: open to anyone, because a kubelet has no token. */

const ready =
  (context: RouteContext): Handle =>
  (_request, response) => {
    if (!context.engine.healthz()) {
      throw new TaskError(
        'not-ready',
        'No mark-ready task has succeeded on this agent yet. Submit one once the node may serve.',
      );
    }
    response.json({ status: 'ok' });
  };

/** GET /v0/healthz: readiness of the node, as mark-ready says. */
export const healthz: Route = {
  method: 'get',
  path: '/v0/healthz',
  access: 'open',
  mutating: false,
  doc: {
    operationId: 'healthz',
    summary: 'Readiness: whether mark-ready has succeeded',
    responses: { 200: { description: 'mark-ready has succeeded.', schema: 'Health' } },
    errors: ['not-ready'],
  },
  handler: ready,
};

/** GET /v0/startupz: the gate that holds the node back until it is prepared. */
export const startupz: Route = {
  method: 'get',
  path: '/v0/startupz',
  access: 'open',
  mutating: false,
  doc: {
    operationId: 'startupz',
    summary: 'Start gate: whether mark-ready has succeeded',
    responses: { 200: { description: 'mark-ready has succeeded.', schema: 'Health' } },
    errors: ['not-ready'],
  },
  handler: ready,
};

/**
 * GET /v0/livez: the event loop answers and the journal can be read. One that can only not be written is no reason to restart:
 * a full disk must not kill a restore.
 */
export const livez: Route = {
  method: 'get',
  path: '/v0/livez',
  access: 'open',
  mutating: false,
  doc: {
    operationId: 'livez',
    summary: 'Liveness: event loop and a read of the journal',
    responses: { 200: { description: 'The agent lives.', schema: 'Health' } },
    errors: [],
  },
  handler: (context) => (_request, response) => {
    context.engine.ping();
    response.json({ status: 'ok' });
  },
};
