import {
  apiErrorSchema,
  nodeIdResponseSchema,
  scheduleUpdateSchema,
  statusResponseSchema,
  submitRequestSchema,
  submitResponseSchema,
  taskParams,
  taskResultSchema,
  taskTypes,
} from '@nodetask/shared';
import * as z from 'zod';

type JsonSchema = Readonly<Record<string, unknown>>;

/** Body of the probes that are well. */
const healthSchema = z.strictObject({ status: z.literal('ok') });

/** What callers send is described as they may send it (defaults optional), what they get as it comes. */
const sent = { SubmitRequest: submitRequestSchema, ScheduleUpdate: scheduleUpdateSchema };
const received = {
  SubmitResponse: submitResponseSchema,
  TaskResult: taskResultSchema,
  Status: statusResponseSchema,
  NodeId: nodeIdResponseSchema,
  Health: healthSchema,
  Error: apiErrorSchema,
};

export const paramsSchemaName = (type: string): string =>
  `${type.replaceAll(/(^|-)([a-z])/g, (_match, _dash, letter: string) => letter.toUpperCase())}Params`;

/** The schemas of the OpenAPI document, from those that check requests. JSON Schema 2020-12 is what OpenAPI 3.1 speaks. */
export const componentSchemas = (): Readonly<Record<string, JsonSchema>> => ({
  ...convert(sent, 'input'),
  SubmitRequest: { ...toSchema(submitRequestSchema, 'input'), anyOf: taskTypes.map(paramsByType) },
  ...convert(received, 'output'),
  ...Object.fromEntries(taskTypes.map((type) => [paramsSchemaName(type), toSchema(taskParams[type].schema, 'input')])),
  OpenAPI: { type: 'object', description: 'An OpenAPI 3.1 document.' },
});

/** `params` depends on `type`; a union of whole requests would repeat everything else eleven times. */
const paramsByType = (type: (typeof taskTypes)[number]): JsonSchema => ({
  title: type,
  properties: { type: { const: type }, params: { $ref: `#/components/schemas/${paramsSchemaName(type)}` } },
});

const convert = (schemas: Readonly<Record<string, z.ZodType>>, io: 'input' | 'output') =>
  Object.fromEntries(Object.entries(schemas).map(([name, schema]) => [name, toSchema(schema, io)]));

const toSchema = (schema: z.ZodType, io: 'input' | 'output'): JsonSchema => {
  const { $schema: _dialect, ...rest } = z.toJSONSchema(schema, { io, target: 'draft-2020-12', reused: 'inline' });
  return rest;
};

/** The query of a route as OpenAPI parameters. */
export const queryParameters = (query: z.ZodObject | undefined): readonly JsonSchema[] => {
  if (query === undefined) return [];
  const schema = toSchema(query, 'input');
  const properties = schema['properties'] as Readonly<Record<string, JsonSchema>>;
  return Object.entries(properties).map(([name, { description, ...property }]) => ({
    name,
    in: 'query',
    required: false,
    description,
    schema: property,
  }));
};
