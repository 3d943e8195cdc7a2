/**
 * Structural schemas: the part of OpenAPI v3 that the API server takes for a CustomResourceDefinition.
 * https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#specifying-a-structural-schema
 */
export interface StructuralSchema {
  description?: string;
  type?: 'object' | 'array' | 'string' | 'integer' | 'number' | 'boolean';
  format?: string;
  enum?: readonly (string | number | boolean)[];
  default?: unknown;
  minimum?: number;
  maximum?: number;
  minLength?: number;
  maxLength?: number;
  minItems?: number;
  maxItems?: number;
  items?: StructuralSchema;
  minProperties?: number;
  maxProperties?: number;
  properties?: Record<string, StructuralSchema>;
  required?: readonly string[];
  additionalProperties?: StructuralSchema;
  'x-kubernetes-int-or-string'?: true;
  'x-kubernetes-preserve-unknown-fields'?: true;
  'x-kubernetes-list-type'?: 'atomic' | 'set' | 'map';
  'x-kubernetes-list-map-keys'?: readonly string[];
  'x-kubernetes-map-type'?: 'atomic' | 'granular';
  'x-kubernetes-validations'?: readonly ValidationRule[];
}

/** One CEL rule. https://kubernetes.io/docs/reference/using-api/cel/ */
export interface ValidationRule {
  readonly rule: string;
  readonly message: string;
  /** CEL that makes the message at run time; `message` stands in where it fails. */
  readonly messageExpression?: string;
  readonly reason?: 'FieldValueRequired' | 'FieldValueForbidden' | 'FieldValueInvalid';
  /** The field that the error names, below the node of the rule. */
  readonly fieldPath?: string;
}

/**
 * Keys of a node in the order in which they are written: what a reader asks first comes first. `copied` are those with which the JSON Schema
 * that zod writes says the same.
 */
const keys = {
  description: 'copied',
  type: 'copied',
  format: 'converted',
  'x-kubernetes-int-or-string': 'converted',
  'x-kubernetes-preserve-unknown-fields': 'converted',
  enum: 'copied',
  default: 'converted',
  minimum: 'copied',
  maximum: 'copied',
  minLength: 'copied',
  maxLength: 'copied',
  minItems: 'copied',
  maxItems: 'copied',
  minProperties: 'copied',
  maxProperties: 'copied',
  'x-kubernetes-list-type': 'copied',
  'x-kubernetes-list-map-keys': 'copied',
  'x-kubernetes-map-type': 'copied',
  required: 'converted',
  properties: 'converted',
  additionalProperties: 'converted',
  items: 'converted',
  'x-kubernetes-validations': 'converted',
} as const satisfies Record<keyof StructuralSchema, 'copied' | 'converted'>;

const keyOrder = Object.keys(keys) as readonly (keyof StructuralSchema)[];

export const knownKeys: ReadonlySet<string> = new Set(keyOrder);

export const copiedKeys = keyOrder.filter((key) => keys[key] === 'copied');

/** The same schema with the keys of every node in the documented order; `properties` keep theirs. */
export const inKeyOrder = (schema: StructuralSchema): StructuralSchema => {
  const ordered: StructuralSchema = {};
  for (const key of keyOrder) {
    if (schema[key] !== undefined) {
      Object.assign(ordered, { [key]: schema[key] });
    }
  }
  if (ordered.properties !== undefined) {
    ordered.properties = Object.fromEntries(
      Object.entries(ordered.properties).map(([name, property]) => [name, inKeyOrder(property)]),
    );
  }
  if (ordered.items !== undefined) {
    ordered.items = inKeyOrder(ordered.items);
  }
  if (ordered.additionalProperties !== undefined) {
    ordered.additionalProperties = inKeyOrder(ordered.additionalProperties);
  }
  return ordered;
};
