import { TaskError } from '@nodetask/shared';
import type { Egress } from '../node/egress.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** A server for all stores whose params name none, and the variable of the agent that names it. */
export interface ConfiguredEndpoint {
  readonly endpoint: string;
  readonly endpointVariable: string;
}

/** In the order in which AWS SDKs look for them. https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html */
const variables = ['AWS_ENDPOINT_URL_S3', 'AWS_ENDPOINT_URL'];

/** The server that the environment of the agent names. Throws TaskError `object-store-invalid`. */
export const configuredEndpoint = (env: Environment): ConfiguredEndpoint | undefined => {
  if (/^true$/i.test(env['AWS_IGNORE_CONFIGURED_ENDPOINT_URLS'] ?? '')) return undefined;
  const endpointVariable = variables.find((name) => (env[name] ?? '') !== '');
  if (endpointVariable === undefined) return undefined;
  const endpoint = env[endpointVariable] ?? '';
  const url = /^https?:\/\/[^\s?#@]+$/i.test(endpoint) ? URL.parse(endpoint) : null;
  if (url === null) {
    throw new TaskError(
      'object-store-invalid',
      // A password may be in it.
      `${endpointVariable} of the agent is ${JSON.stringify(endpoint.replace(/\/\/[^/]*@/, '//…@').slice(0, 200))}: set it to an http:// or https:// URL without credentials, for instance http://minio:9000`,
    );
  }
  return { endpoint, endpointVariable };
};

/** Throws TaskError `egress-refused`. A variable has no more rights than params: who trusts the server allows it by --allow-host. */
export const checkEndpoint = (
  egress: Egress,
  { endpoint, endpointVariable = 'endpoint' }: Partial<ConfiguredEndpoint>,
): void => {
  if (endpoint !== undefined) egress.checkURL(endpointVariable, endpoint);
};
