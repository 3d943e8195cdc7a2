import type { JsonObject, JsonValue } from '@nodetask/shared';
import { jsonBytes } from './canonical-json.ts';

/**
 * Cuts an output that is too large instead of losing it or failing a task that has done its work. The rule: small members stay
 * whole; the largest ones share what is left evenly, texts and lists losing their ends; `truncated: true` is added.
 */
export const fitOutput = (output: JsonObject, maxBytes: number): JsonObject => {
  if (jsonBytes(output) <= maxBytes) return output;
  const mark = { truncated: true };
  const cut = fitObject(output, maxBytes - jsonBytes(mark) - 1);
  return { ...cut, ...mark };
};

/** The largest beginning of a value that fits; undefined where nothing of it does. */
const fit = (value: JsonValue, budget: number): JsonValue | undefined => {
  if (jsonBytes(value) <= budget) return value;
  if (typeof value === 'string') return fitText(value, budget);
  if (value === null || typeof value !== 'object' || budget < 2) return undefined;
  return isArray(value) ? fitArray(value, budget) : fitObject(value, budget);
};

const isArray = (value: JsonValue): value is readonly JsonValue[] => Array.isArray(value);

const fitText = (text: string, budget: number): string | undefined => {
  const ellipsis = '…';
  if (budget < jsonBytes(ellipsis)) return undefined;
  let low = 0;
  let high = text.length;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (jsonBytes(text.slice(0, middle) + ellipsis) <= budget) low = middle;
    else high = middle - 1;
  }
  // Not in the middle of a surrogate pair.
  return (
    text
      .slice(0, low)
      .toWellFormed()
      .replace(/\uFFFD$/u, '') + ellipsis
  );
};

const fitArray = (array: readonly JsonValue[], budget: number): readonly JsonValue[] => {
  const kept: JsonValue[] = [];
  let left = budget - 2;
  for (const member of array) {
    const fitted = fit(member, left);
    if (fitted === undefined) break;
    kept.push(fitted);
    left -= jsonBytes(fitted) + 1;
    if (fitted !== member) break;
  }
  return kept;
};

const fitObject = (object: JsonObject, budget: number): JsonObject => {
  const bySize = Object.entries(object)
    .map(([key, value]) => ({ key, value, overhead: jsonBytes(key) + 2, size: jsonBytes(value) }))
    .sort((a, b) => a.size - b.size);
  const kept = new Map<string, JsonValue>();
  let left = budget - 2;
  for (const [index, { key, value, overhead }] of bySize.entries()) {
    const share = Math.floor(left / (bySize.length - index)) - overhead;
    const fitted = fit(value, share);
    if (fitted === undefined) continue;
    kept.set(key, fitted);
    left -= overhead + jsonBytes(fitted);
  }
  const inOrder: Record<string, JsonValue> = {};
  for (const key of Object.keys(object)) {
    const value = kept.get(key);
    if (value !== undefined) inOrder[key] = value;
  }
  return inOrder;
};
