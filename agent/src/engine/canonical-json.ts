import type { JsonObject, JsonValue } from '@nodetask/shared';

/** JSON with sorted keys and without undefined members: equal values have equal texts. */
export const canonicalJson = (value: unknown): string => JSON.stringify(sorted(value)) ?? 'null';

const sorted = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(sorted);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, member]) => [key, sorted(member)]),
  );
};

/** A copy as it would arrive through JSON; throws TypeError where the value is no JSON (a BigInt, a cycle). */
export const jsonCopy = (value: object): JsonObject => JSON.parse(JSON.stringify(value)) as JsonObject;

/** Bytes that a value takes as JSON. */
export const jsonBytes = (value: JsonValue): number => Buffer.byteLength(JSON.stringify(value));
