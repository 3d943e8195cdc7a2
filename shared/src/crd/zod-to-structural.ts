import * as z from 'zod';
import { crossFieldRules } from '../cross-field-rule.ts';
import { patternRules } from './pattern-rules.ts';
import { mergeVariants } from './merge-variants.ts';
import { copiedKeys, type StructuralSchema, type ValidationRule } from './structural-schema.ts';

export interface ConversionOptions {
  /** Keep the defaults, so that the API server fills them in. */
  readonly defaults: boolean;
  /** Keep the cross-field rules as CEL. */
  readonly rules: boolean;
}

/** JSON Schema as zod writes it. */
type JsonSchema = Readonly<Record<string, unknown>>;

/** Those that are copied, then those that are handled one by one below. Any other key fails the generation. */
const handledKeys: ReadonlySet<string> = new Set([
  ...copiedKeys,
  'anyOf',
  'oneOf',
  'default',
  'format',
  'pattern',
  'properties',
  'required',
  'items',
  'additionalProperties',
  'x-kubernetes-validations',
]);

/** Formats that the API server checks, with the most characters that they take. */
const checkedFormats: ReadonlyMap<string, number> = new Map([
  ['date-time', 35],
  ['uuid', 36],
]);

const isRecord = (value: unknown): value is JsonSchema =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const isIntOrString = (variants: readonly JsonSchema[]): boolean =>
  variants.length === 2 && variants[0]?.['type'] === 'integer' && variants[1]?.['type'] === 'string';

/** Converts one node of zod's JSON Schema. Throws, naming the path, on what a structural schema cannot say. */
const toStructural = (json: JsonSchema, path: string, options: ConversionOptions): StructuralSchema => {
  const unknownKey = Object.keys(json).find((key) => !handledKeys.has(key));
  if (unknownKey !== undefined) {
    throw new Error(`${path}: a structural schema cannot say ${unknownKey}: ${JSON.stringify(json[unknownKey])}`);
  }
  const schema: StructuralSchema = {};
  for (const key of copiedKeys) {
    if (json[key] !== undefined) {
      Object.assign(schema, { [key]: json[key] });
    }
  }
  if (options.defaults && json['default'] !== undefined) {
    schema.default = json['default'];
  }
  if (options.rules && json['x-kubernetes-validations'] !== undefined) {
    schema['x-kubernetes-validations'] = json['x-kubernetes-validations'] as readonly ValidationRule[];
  }

  const variants = (json['anyOf'] ?? json['oneOf']) as readonly JsonSchema[] | undefined;
  if (variants !== undefined) {
    return { ...schema, ...unionToStructural(variants, path, options) };
  }
  switch (json['type']) {
    case 'object':
      return Object.assign(schema, objectToStructural(json, path, options));
    case 'array':
      if (!isRecord(json['items'])) {
        throw new Error(`${path}: an array needs one schema for its items`);
      }
      schema['x-kubernetes-list-type'] ??= 'atomic';
      schema.items = toStructural(json['items'], `${path}[]`, options);
      return schema;
    case 'string':
      return Object.assign(schema, stringToStructural(json, path));
    case 'integer':
      schema.format = Number(json['maximum']) > 2 ** 31 - 1 ? 'int64' : 'int32';
      return schema;
    case 'number':
    case 'boolean':
      return schema;
    case undefined:
      schema['x-kubernetes-preserve-unknown-fields'] = true;
      return schema;
    default:
      throw new Error(`${path}: a structural schema has no type ${JSON.stringify(json['type'])}`);
  }
};

const stringToStructural = (json: JsonSchema, path: string): StructuralSchema => {
  const format = json['format'];
  const longest = typeof format === 'string' ? checkedFormats.get(format) : undefined;
  if (longest !== undefined) {
    return { format: format as string, maxLength: longest };
  }
  if (format === undefined && json['pattern'] !== undefined) {
    throw new Error(
      `${path}: the pattern ${JSON.stringify(json['pattern'])} has no message: give its regex one for users`,
    );
  }
  return {};
};

const objectToStructural = (json: JsonSchema, path: string, options: ConversionOptions): StructuralSchema => {
  if (isRecord(json['properties'])) {
    const properties = Object.entries(json['properties']).map(([name, property]): [string, StructuralSchema] => [
      name,
      toStructural(property as JsonSchema, `${path}.${name}`, options),
    ]);
    return {
      properties: Object.fromEntries(properties),
      ...(json['required'] !== undefined && { required: json['required'] as readonly string[] }),
    };
  }
  const values = json['additionalProperties'];
  if (!isRecord(values)) {
    return {};
  }
  return Object.keys(values).length === 0
    ? { 'x-kubernetes-preserve-unknown-fields': true }
    : { additionalProperties: toStructural(values, `${path}.*`, options) };
};

const unionToStructural = (
  variants: readonly JsonSchema[],
  path: string,
  options: ConversionOptions,
): StructuralSchema => {
  const converted = variants.map((variant) => toStructural(variant, path, { ...options, defaults: false }));
  if (isIntOrString(variants)) {
    const [integer, string] = converted;
    const { type: _integer, format: _format, ...numberBounds } = integer ?? {};
    const { type: _string, 'x-kubernetes-validations': textRules, ...textBounds } = string ?? {};
    // A number is judged by minimum and maximum, a string by maxLength: each ignores the other's.
    return {
      'x-kubernetes-int-or-string': true,
      ...numberBounds,
      ...textBounds,
      ...(textRules !== undefined && {
        'x-kubernetes-validations': textRules.map((rule) => ({
          ...rule,
          rule: `type(self) != string || ${rule.rule}`,
        })),
      }),
    };
  }
  return mergeVariants(converted, path);
};

/** The structural schema of a zod schema: of what a user may write, before defaults are filled in. */
export const structuralFromZod = (schema: z.ZodType, path: string, options: ConversionOptions): StructuralSchema => {
  const json = z.toJSONSchema(schema, {
    target: 'openapi-3.0',
    io: 'input',
    unrepresentable: 'throw',
    reused: 'inline',
    cycles: 'throw',
    override: ({ zodSchema, jsonSchema }) => {
      const rules = [
        ...(crossFieldRules.get(zodSchema)?.rules ?? []).map(({ cel, message }) => ({ rule: cel, message })),
        ...patternRules(zodSchema),
      ];
      if (rules.length > 0) {
        Object.assign(jsonSchema, { 'x-kubernetes-validations': rules });
        delete jsonSchema.pattern;
      }
    },
  });
  return toStructural(json, path, options);
};
