/**
 * Programs in Go often send the zero value of a field that nobody has set: null, "", 0, an empty list or map. In requests to the agent these mean
 * that the member is absent, so that the same request is the same however it is spelled. The CRD stays strict: who writes a manifest has set
 * what stands in it. docs/adr/0042-coming-from-seictl.md
 */
import * as z from 'zod';
import { submitRequestSchema } from './agent-api.ts';
import { taskParams } from './params/registry.ts';
import { scheduleUpdateSchema } from './schedule.ts';
import type { TaskType } from './task-type.ts';

type Members = Record<string, unknown>;

/** Where members are: the params of a task, or the request around them, of which seictl has few members. */
type Place = 'params' | 'request';

/** The body of POST /v0/tasks without the members that are absent by their zero value, but for those of its params. Never throws. */
export const requestWithoutZeroValues = (body: unknown): unknown => {
  const cleaned = clean(submitRequestSchema, body, 'request');
  if (!isMembers(cleaned) || cleaned['id'] !== zeroID) return cleaned;
  const { id: _zero, ...rest } = cleaned;
  return rest;
};

/** The same for the body of PUT /v0/tasks/{id}/schedule. */
export const updateWithoutZeroValues = (body: unknown): unknown => clean(scheduleUpdateSchema, body, 'request');

/** The same for the params of a type. */
export const paramsWithoutZeroValues = (type: TaskType, params: unknown): unknown =>
  clean(taskParams[type].schema, params, 'params');

/** What an id of Go is that nobody has set. */
const zeroID = '00000000-0000-0000-0000-000000000000';

/**
 * Members that are required stay, so that the error names what came. A number 0 or a false that the schema takes is a value like any other. Keys of
 * free maps are data.
 */
const clean = (schema: z.ZodType, value: unknown, place: Place): unknown => {
  const inner = unwrap(schema);
  if (inner instanceof z.ZodObject && isMembers(value)) return withoutZeroMembers(inner, value, place);
  if (inner instanceof z.ZodDiscriminatedUnion && isMembers(value)) return withoutZeroOfVariant(inner, value, place);
  if (inner instanceof z.ZodArray && Array.isArray(value)) {
    const element = inner.element as z.ZodType;
    return value.map((one) => clean(element, one, place));
  }
  return value;
};

const withoutZeroMembers = (schema: z.ZodObject, value: Members, place: Place): Members => {
  const { shape } = schema;
  const cleaned = Object.fromEntries(
    Object.entries(value).flatMap(([key, given]): readonly (readonly [string, unknown])[] => {
      const member = Object.hasOwn(shape, key) ? (shape[key] as z.ZodType) : undefined;
      if (member === undefined) return [[key, given]];
      const inner = clean(member, given, place);
      return isOptional(member) && isAbsent(key, member, inner, place) ? [] : [[key, inner]];
    }),
  );
  // A schedule of zeros alone: the error is to name them.
  const isMeant = place === 'params' || Object.keys(cleaned).length > 0 || schema.safeParse(cleaned).success;
  return isMeant ? cleaned : value;
};

/** A struct of Go has the members of all variants. */
const withoutZeroOfVariant = (union: z.ZodDiscriminatedUnion, value: Members, place: Place): unknown => {
  const { discriminator } = union.def;
  const variants = union.options.filter((option): option is z.ZodObject => option instanceof z.ZodObject);
  const variant = variants.find(
    ({ shape }) => (shape[discriminator] as z.ZodType).safeParse(value[discriminator]).success,
  );
  if (variant === undefined) return value;
  const ofOthers = new Set(
    variants.flatMap(({ shape }) => Object.keys(shape)).filter((key) => !Object.hasOwn(variant.shape, key)),
  );
  const own = Object.entries(value).filter(([key, given]) => !(ofOthers.has(key) && isZero(given)));
  return withoutZeroMembers(variant, Object.fromEntries(own), place);
};

const isAbsent = (key: string, member: z.ZodType, value: unknown, place: Place): boolean => {
  // A value that the schema takes may differ from the default, which is what absent means.
  const isTaken = (): boolean => member.safeParse(value).success;
  if (value === null) return !isTaken();
  if (value === 0 && unwrap(member).def.type === 'number') {
    // A time limit of 0 is a mistake, and seictl has none.
    return (place === 'params' || key === 'blockHeight') && !isTaken();
  }
  return isEmpty(unwrap(member), value, place) && !(hasDefault(member) && isTaken());
};

const isEmpty = (schema: z.ZodType, value: unknown, place: Place): boolean => {
  const { type } = schema.def;
  if (type === 'string' || type === 'enum') return value === '';
  if (type === 'array') return Array.isArray(value) && value.length === 0;
  if (!isMembers(value) || Object.keys(value).length > 0) return false;
  // An empty document says that nothing in it is to change.
  if (schema instanceof z.ZodRecord) return !(schema.valueType instanceof z.ZodUnknown);
  return schema instanceof z.ZodObject && place === 'params' && Object.values(schema.shape).every(isOptional);
};

const isZero = (value: unknown): boolean =>
  value === null ||
  value === '' ||
  value === 0 ||
  value === false ||
  (typeof value === 'object' && Object.keys(value).length === 0);

const isOptional = (member: unknown): boolean => member instanceof z.ZodType && member.safeParse(undefined).success;

const hasDefault = (member: z.ZodType): boolean =>
  member instanceof z.ZodDefault || (member instanceof z.ZodOptional && hasDefault(member.unwrap() as z.ZodType));

const unwrap = (schema: z.ZodType): z.ZodType =>
  schema instanceof z.ZodOptional || schema instanceof z.ZodNullable || schema instanceof z.ZodDefault
    ? unwrap(schema.unwrap() as z.ZodType)
    : schema;

const isMembers = (value: unknown): value is Members =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
