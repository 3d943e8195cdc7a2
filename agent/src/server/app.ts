import { randomUUID } from 'node:crypto';
import { boundedLogger, type ConnectionGuard } from '@nodetask/runtime/connections';
import { headers, TaskError } from '@nodetask/shared';
import express, {
  type ErrorRequestHandler,
  type Express,
  type Request,
  type RequestHandler,
  type Response,
} from 'express';
import type { Access } from './access.ts';
import { errorAnswer, sendError } from './error-answer.ts';
import { checkFence } from './fence-header.ts';
import { checkPodUID } from './pod-uid-header.ts';
import { quoteValue } from './quote-value.ts';
import type { Route, RouteContext } from './route.ts';

export interface AppOptions extends RouteContext {
  readonly identity: Identity;
  readonly routes: readonly Route[];
  /** Absent: each connection is closed with its first answer. */
  readonly connections?: ConnectionGuard;
}

/** Who answers: by these a caller tells "not yet known" from "forgotten". */
export interface Identity {
  readonly podUID: string | undefined;
  readonly bootID: string;
  readonly journalID: string;
}

export const identityHeaders = (identity: Identity): Readonly<Record<string, string>> => ({
  [headers.podUID]: identity.podUID ?? 'unknown',
  [headers.bootID]: identity.bootID,
  [headers.journal]: identity.journalID,
});

/**
 * The HTTP API. Every request goes the same way: identity headers, who calls, pod, fence, route; whatever throws on it becomes an
 * answer in one place.
 */
export const createApp = (options: AppOptions): Express => {
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.set('query parser', 'simple');
  app.enable('strict routing');
  app.enable('case sensitive routing');

  app.use(begin(options));
  for (const [path, methods] of byPath(options.routes)) {
    // Not by app.all(): that makes a layer, with a pattern of its own, for each of the 34 methods that there are.
    const here = app.route(path.replaceAll(/\{(\w+)\}/g, ':$1'));
    here.all(authenticate(options, strictest(methods)));
    for (const route of methods) here[route.method](...handlers(route, options));
    here.all(refuseMethod(methods));
  }
  app.use(authenticate(options, 'authenticated'), (request) => {
    throw new TaskError(
      'not-found',
      `There is no route ${quoteValue(`${request.method} ${request.path}`)}. GET /v0/openapi.json lists all.`,
    );
  });
  app.use(answerError(options));
  return app;
};

const byPath = (all: readonly Route[]): ReadonlyMap<string, readonly Route[]> =>
  Map.groupBy(all, (route) => route.path);

const requestIDs = new WeakMap<Request, string>();

/** Identity on whatever the answer will be, the request's id, its line in the log and its metrics. */
const begin =
  ({ identity, logger, metrics, clock }: AppOptions): RequestHandler =>
  (request, response, next) => {
    const started = clock.monotonic();
    const requestID = randomUUID();
    const remote = request.socket.remoteAddress;
    requestIDs.set(request, requestID);
    response.set(identityHeaders(identity)).set('X-Request-Id', requestID).set('Cache-Control', 'no-store');
    response.once('close', () => {
      const seconds = (clock.monotonic() - started) / 1000;
      const labels = {
        method: methodLabel(request.method),
        route: routeLabel(request),
        code: String(response.statusCode),
      };
      metrics.httpRequests.inc(labels);
      metrics.httpDuration.observe({ method: labels.method, route: labels.route }, seconds);
      // A caller that is refused may ask as often as it likes, and would fill the log.
      const isTold = request.method !== 'GET' && request.method !== 'HEAD' && response.statusCode !== 401;
      const level = isTold ? 'info' : 'debug';
      logger[level]('request', {
        requestID,
        ...labels,
        path: request.path.slice(0, 256),
        milliseconds: Math.round(seconds * 1e4) / 10,
        remote,
        ...(response.writableFinished ? {} : { aborted: true }),
      });
    });
    next();
  };

/** Of all methods of a path: who calls with one that there is not may be anybody. */
const strictest = (methods: readonly Route[]): Access =>
  (['authenticated', 'metrics'] as const).find((access) => methods.some((route) => route.access === access)) ?? 'open';

const authenticate =
  ({ gate, connections }: AppOptions, access: Access): RequestHandler =>
  (request, response, next) => {
    const refusal = gate.refusal(request, access);
    if (refusal !== undefined) {
      // The certificate of a connection is judged once: one that is good by now needs another connection.
      response.set('Connection', 'close');
      throw new TaskError('unauthorized', refusal);
    }
    // Callers that only read metrics must not be able to hold all connections.
    if (access !== 'open') connections?.raise(request.socket, access === 'metrics' ? 'served' : 'proven');
    closeUnlessKnown(request, response, connections);
    next();
  };

/** A connection is kept for who may call more than the probes. */
const closeUnlessKnown = (request: Request, response: Response, connections: ConnectionGuard | undefined): void => {
  if ((connections?.standingOf(request.socket) ?? 'unknown') === 'unknown') response.set('Connection', 'close');
};

const handlers = (route: Route, options: AppOptions): RequestHandler[] => {
  const handle = route.handler(options);
  const run: RequestHandler = (request, response) => handle(request, response);
  return route.mutating ? [refuseStrayed(options), run] : [run];
};

/** Before the body is even read: what is meant for another pod, and what a former leader says. */
const refuseStrayed =
  ({ engine, identity }: AppOptions): RequestHandler =>
  (request, _response, next) => {
    checkPodUID(request, identity.podUID);
    checkFence(request, engine);
    next();
  };

const refuseMethod = (methods: readonly Route[]): RequestHandler => {
  const allow = methods
    .flatMap(({ method }) => (method === 'get' ? ['GET', 'HEAD'] : [method.toUpperCase()]))
    .join(', ');
  return (request, response) => {
    response.set('Allow', allow);
    throw new TaskError(
      'method-not-allowed',
      `${quoteValue(request.path)} does not take ${quoteValue(request.method)}, only ${allow}.`,
    );
  };
};

/** Express knows an error handler by its four parameters. */
const answerError = ({ logger, clock, connections }: AppOptions): ErrorRequestHandler => {
  // Also probes fail while the journal does, and anybody may send as many as he likes.
  const bounded = boundedLogger({ logger, clock, lines: 10 });
  return (error: unknown, request, response, _next) => {
    const requestID = requestIDs.get(request) ?? '';
    const answer = errorAnswer(error, requestID);
    if (answer.unexpected) bounded.error('a request failed', { requestID, error });
    if (answer.body.code === 'store-unavailable') {
      bounded.error('the journal cannot be used', { requestID, error });
    }
    if (response.headersSent) {
      response.destroy();
      return;
    }
    closeUnlessKnown(request, response, connections);
    sendError(response, answer);
  };
};

const knownMethods = new Set(['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS']);
const methodLabel = (method: string): string => (knownMethods.has(method) ? method : 'other');

/** The template, never the path: ids would make as many series as tasks. */
const routeLabel = (request: Request): string => {
  const route: unknown = request.route;
  if (typeof route !== 'object' || route === null || !('path' in route) || typeof route.path !== 'string')
    return 'none';
  return route.path.replaceAll(/:(\w+)/g, '{$1}');
};
