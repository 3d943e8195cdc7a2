import {
  errorCodeEntry,
  type ErrorCode,
  headers,
  maxFence,
  metricsReaderIdentity,
  operatorIdentity,
} from '@nodetask/shared';
import type { Access } from './access.ts';
import { componentSchemas, queryParameters } from './openapi-schemas.ts';
import type { ResponseDoc, Route } from './route.ts';

type Json = Readonly<Record<string, unknown>>;

/** The version of the API, in its paths. */
const apiVersion = '0.1.0';

/** The OpenAPI 3.1 document of the agent, from the routes and schemas that serve. Always the same text for the same source. */
export const openAPIText = (routes: readonly Route[]): string =>
  `${JSON.stringify(openAPIDocument(routes), undefined, 2)}\n`;

export const openAPIDocument = (routes: readonly Route[]): Json => ({
  openapi: '3.1.1',
  info: {
    title: 'NodeTask agent',
    version: apiVersion,
    summary: 'Runs operational tasks on the blockchain node beside it.',
    license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
  },
  servers: [
    { url: 'https://127.0.0.1:7777', description: 'The agent in the pod, where it has a certificate.' },
    { url: 'http://127.0.0.1:7777', description: 'The agent in the pod, where it has none.' },
  ],
  security: securityOf.authenticated,
  paths: Object.fromEntries(
    [...Map.groupBy(routes, ({ path }) => path)].map(([path, methods]) => [path, pathItem(methods)]),
  ),
  components: {
    schemas: componentSchemas(),
    headers: Object.fromEntries(
      Object.entries(commonHeaders).map(([name, description]) => [name, { description, schema: { type: 'string' } }]),
    ),
    securitySchemes,
  },
});

const securitySchemes = {
  operatorCertificate: {
    type: 'mutualTLS',
    description: `A client certificate for the URI ${operatorIdentity}, of a CA in the trust file of the agent.`,
  },
  metricsReaderCertificate: {
    type: 'mutualTLS',
    description: `A client certificate for the URI ${metricsReaderIdentity}, of a CA in the trust file of the agent.`,
  },
  bearerToken: {
    type: 'http',
    scheme: 'bearer',
    description:
      'A token of the agent, where it has a token file. An agent that has neither that nor a certificate asks for nothing and listens on loopback only.',
  },
} as const;

/** Any one of the alternatives lets a caller in. */
const securityOf: Readonly<Record<Access, readonly Json[]>> = {
  open: [],
  metrics: [{ operatorCertificate: [] }, { metricsReaderCertificate: [] }, { bearerToken: [] }],
  authenticated: [{ operatorCertificate: [] }, { bearerToken: [] }],
};

const commonHeaders: Readonly<Record<string, string>> = {
  [headers.podUID]: 'UID of the pod that answers.',
  [headers.bootID]: 'A new UUID for each start of the agent process.',
  [headers.journal]: 'A UUID that lives and dies with the durable store.',
  'X-Request-Id': "Id of the request in the agent's log.",
};

/** Codes that any route may answer. */
const anywhere: readonly ErrorCode[] = ['store-unavailable', 'internal'];

const pathItem = (methods: readonly Route[]): Json =>
  Object.fromEntries(methods.map((route) => [route.method, operation(route)]));

const operation = (route: Route): Json => {
  const { operationId, summary, description, query, body, responses, errors } = route.doc;
  const parameters = [
    ...pathParameters(route),
    ...queryParameters(query),
    ...(route.mutating ? [fenceParameter, podParameter] : []),
  ];
  return {
    operationId,
    summary,
    ...(description === undefined ? {} : { description }),
    ...(route.access === 'authenticated' ? {} : { security: securityOf[route.access] }),
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(body === undefined ? {} : { requestBody: { required: true, content: content('application/json', body) } }),
    responses: {
      ...Object.fromEntries(Object.entries(responses).map(([status, response]) => [status, success(response)])),
      ...errorResponses([
        ...errors,
        ...(route.access === 'open' ? [] : (['unauthorized'] as const)),
        ...(route.mutating ? (['fenced', 'fence-ahead', 'wrong-pod', 'invalid-request'] as const) : []),
        ...(route.path.includes('{id}') && route.method !== 'delete' ? (['not-found'] as const) : []),
        ...anywhere,
      ]),
    },
  };
};

const pathParameters = ({ path }: Route): readonly Json[] =>
  [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
    name,
    in: 'path',
    required: true,
    description: 'Id of the task.',
    schema: { type: 'string', format: 'uuid' },
  }));

const fenceParameter: Json = {
  name: headers.fence,
  in: 'header',
  required: false,
  description:
    "leaseTransitions of the caller's Lease; a lower one than seen before is answered 409 `fenced`, one that is more than a day ahead of the agent's clock 409 `fence-ahead`.",
  schema: { type: 'integer', minimum: 0, maximum: maxFence },
};

const podParameter: Json = {
  name: headers.podUID,
  in: 'header',
  required: false,
  description: 'UID of the pod that the request is meant for; any other pod answers 421 `wrong-pod`.',
  schema: { type: 'string' },
};

const success = ({ description, schema, contentType, headers: own }: ResponseDoc): Json => ({
  description,
  headers: {
    ...headerReferences,
    ...Object.fromEntries(
      Object.entries(own ?? {}).map(([name, text]) => [name, { description: text, schema: { type: 'string' } }]),
    ),
  },
  ...(schema === undefined && contentType === undefined
    ? {}
    : { content: content(contentType ?? 'application/json', schema) }),
});

const headerReferences: Json = Object.fromEntries(
  Object.keys(commonHeaders).map((name) => [name, { $ref: `#/components/headers/${name}` }]),
);

const content = (type: string, schema: string | undefined): Json => ({
  [type]: { schema: schema === undefined ? { type: 'string' } : reference(schema) },
});

const reference = (schema: string): Json =>
  schema.endsWith('[]')
    ? { type: 'array', items: reference(schema.slice(0, -2)) }
    : { $ref: `#/components/schemas/${schema}` };

/** One response for each status, its description listing the codes with their meaning. */
const errorResponses = (codes: readonly ErrorCode[]): Json => {
  const byStatus = Map.groupBy(new Set(codes), (code) => errorCodeEntry(code).status ?? 400);
  return Object.fromEntries(
    [...byStatus]
      .sort(([left], [right]) => left - right)
      .map(([status, group]) => [
        status,
        {
          description: group.map((code) => `\`${code}\`: ${errorCodeEntry(code).meaning}`).join('\n'),
          headers: headerReferences,
          content: content('application/json', 'Error'),
        },
      ]),
  );
};
