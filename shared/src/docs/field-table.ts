import type { StructuralSchema } from '../crd/structural-schema.ts';
import { cell, code, table } from './markdown.ts';

/** One row of a table of fields. */
interface FieldRow {
  readonly path: string;
  readonly required: boolean;
  readonly schema: StructuralSchema;
}

/** A schema in words: its type and bounds. */
const typeInWords = (schema: StructuralSchema): string => {
  if (schema['x-kubernetes-int-or-string'] === true) {
    return 'whole number or percentage';
  }
  if (schema.enum !== undefined) {
    return schema.enum.map((value) => code(String(value))).join(', ');
  }
  switch (schema.type) {
    case 'array':
      return `list (${range(schema.minItems, schema.maxItems)}) of ${inside(schema.items)}`;
    case 'object':
      return schema.additionalProperties === undefined
        ? 'object'
        : `map (${range(schema.minProperties, schema.maxProperties)}) to ${inside(schema.additionalProperties)}`;
    case 'integer':
      return `integer (${range(schema.minimum, schema.maximum)})`;
    case 'string':
      return schema.format === 'date-time'
        ? 'time'
        : `string (${range(schema.minLength, schema.maxLength)} characters)`;
    case 'number':
    case 'boolean':
      return schema.type;
    case undefined:
      return 'anything';
    default:
      return schema.type satisfies never;
  }
};

const inside = (schema: StructuralSchema | undefined): string =>
  schema === undefined ? 'anything' : typeInWords(schema);

const range = (least = 0, most = Number.MAX_SAFE_INTEGER): string => {
  if (most === Number.MAX_SAFE_INTEGER) {
    return `at least ${least}`;
  }
  if (least === 0) {
    return `at most ${most}`;
  }
  return least === most ? `exactly ${least}` : `${least} to ${most}`;
};

/** The fields of an object and of what is inside, depth first; `stopAt` names paths whose insides are left out. */
export const fieldRows = (schema: StructuralSchema, prefix: string, stopAt: ReadonlySet<string>): readonly FieldRow[] =>
  Object.entries(schema.properties ?? {}).flatMap(([name, property]) => {
    const path = `${prefix}${name.includes('.') ? `"${name}"` : name}`;
    const row = { path, required: schema.required?.includes(name) ?? false, schema: property };
    if (stopAt.has(path)) {
      return [row];
    }
    return [
      row,
      ...fieldRows(property.items ?? property, `${path}${property.items === undefined ? '' : '[]'}.`, stopAt),
    ];
  });

/** Fields with type, default and description. A field that must be given says so in the place of its default. */
export const fieldTable = (rows: readonly FieldRow[]): string =>
  table(
    ['Field', 'Type', 'Default', 'Description'],
    rows.map(({ path, required, schema }) => [
      code(path),
      typeInWords(schema),
      defaultInWords(schema, required),
      cell(schema.description ?? ''),
    ]),
  );

const defaultInWords = (schema: StructuralSchema, required: boolean): string => {
  if (required) {
    return '**required**';
  }
  return schema.default === undefined
    ? ''
    : code(typeof schema.default === 'string' ? schema.default : JSON.stringify(schema.default));
};
