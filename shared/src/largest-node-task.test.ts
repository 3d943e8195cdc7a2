import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { nodeTaskSchema } from './crd/node-task-schema.ts';
import type { StructuralSchema } from './crd/structural-schema.ts';
import {
  agentFieldManager,
  groupVersion,
  kind,
  maxParamsBytes,
  maxResultBytes,
  maxTargetMessageCharacters,
  maxTargets,
  operatorFieldManager,
} from './names.ts';

/**
 * Text counts one byte a character. etcd takes 1.5 MiB: the half above our limit is for text in wide characters and for
 * annotations of users.
 */
const limit = 1024 * 1024;
const etcdLimit = 1.5 * 1024 * 1024;

/** What a controller can give to a pod: StatefulSets write the name into a label, Deployments cut it. */
const longPodName = 63;
/** What a pod made by hand can have. Each name stands in the object three times: in its row, and as two owners' key. */
const longestPodName = 253;

const podName = (index: number, length: number): string => `${index}`.padStart(length, 'p');

/** A value as large as the schema lets it be; what the schema leaves open is filled by `open`. */
const largest = (schema: StructuralSchema, path: string, open: ReadonlyMap<string, unknown>): unknown => {
  if (open.has(path)) {
    return open.get(path);
  }
  if (schema['x-kubernetes-int-or-string'] === true) {
    return '100%';
  }
  if (schema.enum !== undefined) {
    return schema.enum.map(String).toSorted((left, right) => right.length - left.length)[0];
  }
  switch (schema.type) {
    case 'object':
      assert.ok(schema.properties, `${path} has a bound in this test`);
      return Object.fromEntries(
        Object.entries(schema.properties).map(([name, property]) => [name, largest(property, `${path}.${name}`, open)]),
      );
    case 'array': {
      const item = largest(schema.items ?? {}, `${path}[]`, open);
      return Array.from({ length: schema.maxItems ?? 0 }, () => item);
    }
    case 'integer':
      return schema.maximum;
    case 'number':
      return 0.123_456_789_012_345_6;
    case 'boolean':
      return false;
    case 'string':
      return (schema.format === 'date-time' ? '2026-11-24T10:00:00.000Z' : '').padEnd(
        schema.format === 'date-time' ? 24 : (schema.maxLength ?? 0),
        'x',
      );
    case undefined:
      throw new Error(`${path} has no type and no bound in this test`);
    default:
      return schema.type satisfies never;
  }
};

const filler = (bytes: number): Record<string, string> => ({ x: 'x'.repeat(bytes - '{"x":""}'.length) });

const managedEntry = (manager: string, subresource: string | undefined, fieldsV1: unknown): unknown => ({
  manager,
  operation: 'Apply',
  apiVersion: groupVersion,
  time: '2026-11-24T10:00:00Z',
  fieldsType: 'FieldsV1',
  fieldsV1,
  ...(subresource !== undefined && { subresource }),
});

const rowKey = (pod: string): string => `k:${JSON.stringify({ pod })}`;

const ownedFields = (fields: readonly string[]): unknown => ({
  '.': {},
  ...Object.fromEntries(fields.map((field) => [`f:${field}`, {}])),
});

const fieldsOfOperator = ['pod', 'podUID', 'phase', 'attempt', 'taskID', 'message', 'startedAt', 'completedAt'];
const fieldsOfCondition = ['type', 'status', 'observedGeneration', 'lastTransitionTime', 'reason', 'message'];
const fieldsOfAgent = ['pod', 'result', 'runs'];

/** Keys of as many conditions as the schema allows, each as long as it may be. */
const conditionKeys = ({ conditions }: Readonly<Record<string, StructuralSchema>>): readonly string[] => {
  const longest = conditions?.items?.properties?.['type']?.maxLength ?? assert.fail('a condition has a type');
  return Array.from(
    { length: conditions?.maxItems ?? 0 },
    (_, index) => `k:${JSON.stringify({ type: `${index}`.padStart(longest, 'x') })}`,
  );
};

/** managedFields as the API server writes them: an entry for the user, for the operator, and for each agent. */
const managedFields = (
  spec: { params?: unknown; dependsOn?: unknown },
  pods: readonly string[],
  members: Readonly<Record<string, StructuralSchema>>,
): readonly unknown[] => [
  // Keys only; the values here are more than what the keys of the whole spec take.
  managedEntry('kubectl', undefined, { params: spec.params, dependsOn: spec.dependsOn }),
  managedEntry(operatorFieldManager, 'status', {
    'f:status': {
      ...Object.fromEntries(Object.keys(members).map((name) => [`f:${name}`, {}])),
      'f:conditions': Object.fromEntries(conditionKeys(members).map((key) => [key, ownedFields(fieldsOfCondition)])),
      'f:targets': Object.fromEntries(pods.map((pod) => [rowKey(pod), ownedFields(fieldsOfOperator)])),
    },
  }),
  ...pods.map((pod) =>
    managedEntry(agentFieldManager('0'.repeat(64)), 'status', {
      'f:status': { 'f:targets': { [rowKey(pod)]: ownedFields(fieldsOfAgent) } },
    }),
  ),
];

const largestNodeTask = (targets: number, nameLength: number): unknown => {
  const pods = Array.from({ length: targets }, (_, index) => podName(index, nameLength));
  const { spec = {}, status = {} } = nodeTaskSchema().properties ?? {};
  const labels = Object.fromEntries(
    Array.from({ length: 16 }, (_, index) => [`${index}`.padEnd(317, 'x'), 'x'.repeat(63)]),
  );
  const largestSpec = largest(
    spec,
    'spec',
    new Map<string, unknown>([
      ['spec.params', filler(maxParamsBytes)],
      ['spec.target.selector.matchLabels', labels],
    ]),
  );
  // `result` and `runs` of a row share the bound.
  const row = largest(
    status.properties?.['targets']?.items ?? {},
    'row',
    new Map<string, unknown>([
      ['row.result', filler(maxResultBytes(targets) - '[]'.length)],
      ['row.runs', []],
      ['row.message', 'x'.repeat(maxTargetMessageCharacters(targets))],
    ]),
  );
  const rows = pods.map((pod) => ({ ...(row as object), pod }));
  const name = 'n'.repeat(253);
  const namespace = 'n'.repeat(63);
  const manifest = { apiVersion: groupVersion, kind, metadata: { name, namespace }, spec: largestSpec };
  return {
    ...manifest,
    metadata: {
      name,
      namespace,
      uid: 'u'.repeat(36),
      resourceVersion: '9'.repeat(16),
      creationTimestamp: '2026-11-24T10:00:00Z',
      finalizers: ['nodetask.dev/cancel'],
      annotations: { 'kubectl.kubernetes.io/last-applied-configuration': JSON.stringify(manifest) },
      managedFields: managedFields(largestSpec as object, pods, status.properties ?? {}),
    },
    status: largest(status, 'status', new Map([['status.targets', rows]])),
  };
};

describe('the largest legal NodeTask', () => {
  for (const targets of [1, 32, 33, maxTargets]) {
    it(`is smaller than 1 MiB with ${targets} targets`, (t) => {
      const bytes = Buffer.byteLength(JSON.stringify(largestNodeTask(targets, longPodName)));
      t.diagnostic(`${limit - bytes} bytes left`);
      assert.ok(bytes < limit, `${bytes} bytes`);
    });

    it(`is smaller than what etcd takes with ${targets} targets of the longest names`, () => {
      const bytes = Buffer.byteLength(JSON.stringify(largestNodeTask(targets, longestPodName)));
      assert.ok(bytes < etcdLimit, `${bytes} bytes`);
    });
  }
});
