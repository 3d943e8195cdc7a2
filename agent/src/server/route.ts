import type { Clock, ErrorCode, Logger } from '@nodetask/shared';
import type { Request, Response } from 'express';
import type * as z from 'zod';
import type { EngineApi } from '../engine/engine-api.ts';
import type { AgentMetrics } from '../metrics/agent-metrics.ts';
import type { NodeIdReader } from '../node/node-id-reader.ts';
import type { Access, Gate } from './access.ts';
import type { EventStreams } from './event-streams.ts';

/** What the routes work with. */
export interface RouteContext {
  readonly engine: EngineApi;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly metrics: AgentMetrics;
  readonly streams: EventStreams;
  readonly nodeId: NodeIdReader;
  /** Who may call. */
  readonly gate: Gate;
  /** The agent's own namespace; unknown outside a cluster. */
  readonly namespace: string | undefined;
  /** True from the moment on which the agent stops: no new work. */
  readonly stopping: () => boolean;
}

export interface ResponseDoc {
  readonly description: string;
  /** Name of a schema in components, see openapi-schemas.ts; `[]` behind it makes a list. */
  readonly schema?: string;
  /** Default: application/json. */
  readonly contentType?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** What the OpenAPI document says of a route, beside what all have in common. */
export interface RouteDoc {
  readonly operationId: string;
  readonly summary: string;
  readonly description?: string;
  readonly query?: z.ZodObject;
  /** Name of a schema in components. */
  readonly body?: string;
  readonly responses: Readonly<Record<number, ResponseDoc>>;
  /** Codes of the registry that only this route answers, beside those of every route. */
  readonly errors: readonly ErrorCode[];
}

export type Handle = (request: Request, response: Response) => void | Promise<void>;

/** One method of one path: how it is called, what it says of itself, what it does. */
export interface Route {
  readonly method: 'get' | 'post' | 'put' | 'delete';
  /** In the spelling of OpenAPI, for instance /v0/tasks/{id}. */
  readonly path: string;
  readonly access: Access;
  /** Changes something, so the fence is checked. */
  readonly mutating: boolean;
  readonly doc: RouteDoc;
  handler(context: RouteContext): Handle;
}
