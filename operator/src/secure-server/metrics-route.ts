import type { Logger } from '@nodetask/shared';
import type { Registry } from 'prom-client';
import type { Access, BearerAccess } from './bearer-access.ts';
import type { SecureAnswer, SecureRoute } from './secure-route.ts';

export interface MetricsRouteOptions {
  readonly registry: Registry;
  readonly access: BearerAccess;
  readonly logger: Logger;
}

/** What a caller needs in a ClusterRole. */
export const metricsRequest = { path: '/metrics', verb: 'get' } as const;

/** GET /metrics for bearers that may `get` the non-resource URL /metrics. */
export const metricsRoute = ({ registry, access, logger }: MetricsRouteOptions): SecureRoute => ({
  method: 'GET',
  path: metricsRequest.path,
  maxBodyBytes: 0,
  handle: async ({ headers, proven }) => {
    const judged = await judge(access, headers.authorization, logger);
    if (judged !== 'allowed') return refusal(judged);
    proven?.();
    return { status: 200, contentType: registry.contentType, body: await registry.metrics() };
  },
});

const judge = async (
  access: BearerAccess,
  authorization: string | undefined,
  logger: Logger,
): Promise<Access | 'unknown'> => {
  try {
    return await access.judge(authorization);
  } catch (error) {
    logger.warn('the API server cannot be asked who may read the metrics', { error });
    return 'unknown';
  }
};

const refusal = (judged: Exclude<Access, 'allowed'> | 'unknown'): SecureAnswer => {
  switch (judged) {
    case 'unauthenticated':
      return answer(401, 'send a bearer token that the API server knows', { 'WWW-Authenticate': 'Bearer' });
    case 'forbidden':
      return answer(403, 'the bearer needs a ClusterRole with nonResourceURLs [/metrics], verbs [get]');
    case 'overloaded':
      return answer(429, 'too many tokens have to be looked up; try again', { 'Retry-After': '1' });
    case 'unknown':
      return answer(503, 'the API server cannot be asked about the token; try again', { 'Retry-After': '5' });
    default:
      return judged satisfies never;
  }
};

const answer = (status: number, text: string, headers: Readonly<Record<string, string>> = {}): SecureAnswer => ({
  status,
  contentType: 'text/plain; charset=utf-8',
  headers,
  body: `${text}\n`,
});
