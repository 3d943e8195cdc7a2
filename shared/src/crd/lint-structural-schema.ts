import { knownKeys, type StructuralSchema } from './structural-schema.ts';

/**
 * What is wrong with a schema, each fault with its path; empty = good. Beyond what the API server asks for: a description on
 * every field, and a bound on every string, list and map, for the cost of CEL and the size of objects.
 */
export const lintStructuralSchema = (root: StructuralSchema): readonly string[] =>
  Object.entries(root.properties ?? {})
    .filter(([name]) => name === 'spec' || name === 'status')
    .flatMap(([name, schema]) => lintNode(schema, name));

const lintNode = (node: StructuralSchema, path: string): readonly string[] => [
  ...Object.keys(node)
    .filter((key) => !knownKeys.has(key))
    .map((key) => `${path}: ${key} is not a key of structural schemas`),
  ...lintType(node, path),
  ...lintBounds(node, path),
  ...lintDefault(node, path),
  ...lintListType(node, path),
  ...Object.entries(node.properties ?? {}).flatMap(([name, property]) => [
    ...(property.description === undefined ? [`${path}.${name}: has no description`] : []),
    ...lintNode(property, `${path}.${name}`),
  ]),
  ...(node.items === undefined ? [] : lintNode(node.items, `${path}[]`)),
  ...(node.additionalProperties === undefined ? [] : lintNode(node.additionalProperties, `${path}.*`)),
];

const lintType = (node: StructuralSchema, path: string): readonly string[] => {
  const faults: string[] = [];
  const untyped = node['x-kubernetes-int-or-string'] ?? node['x-kubernetes-preserve-unknown-fields'] ?? false;
  if (node.type === undefined && !untyped) {
    faults.push(`${path}: has no type`);
  }
  if (node.type !== undefined && node['x-kubernetes-int-or-string'] === true) {
    faults.push(`${path}: int-or-string goes without type`);
  }
  if (node.properties !== undefined && node.additionalProperties !== undefined) {
    faults.push(`${path}: has both properties and additionalProperties`);
  }
  for (const key of node.required ?? []) {
    if (node.properties?.[key] === undefined) {
      faults.push(`${path}.${key}: is required but not declared`);
    }
  }
  return faults;
};

const lintBounds = (node: StructuralSchema, path: string): readonly string[] => {
  switch (node.type) {
    case 'string':
      return node.enum === undefined && node.maxLength === undefined ? [`${path}: a string needs maxLength`] : [];
    case 'array':
      return node.maxItems === undefined ? [`${path}: a list needs maxItems`] : [];
    case 'object':
      return node.additionalProperties !== undefined && node.maxProperties === undefined
        ? [`${path}: a map needs maxProperties`]
        : [];
    case 'integer':
      return node.minimum === undefined || node.maximum === undefined
        ? [`${path}: an integer needs minimum and maximum`]
        : [];
    case 'number':
    case 'boolean':
    case undefined:
      return [];
    default:
      return [`${path}: unknown type ${String(node.type satisfies never)}`];
  }
};

const lintDefault = (node: StructuralSchema, path: string): readonly string[] =>
  node.default !== undefined && node.enum !== undefined && !node.enum.includes(node.default as string)
    ? [`${path}: the default ${JSON.stringify(node.default)} is not one of ${node.enum.join(', ')}`]
    : [];

const lintListType = (node: StructuralSchema, path: string): readonly string[] => {
  if (node.type !== 'array') {
    return [];
  }
  const keys = node['x-kubernetes-list-map-keys'] ?? [];
  if ((node['x-kubernetes-list-type'] === 'map') !== keys.length > 0) {
    return [`${path}: a list has map keys exactly where it is a map`];
  }
  return keys
    .filter((key) => !(node.items?.required?.includes(key) ?? false))
    .map((key) => `${path}: the map key ${key} must be required`);
};
