import { isSecretName, redactedValue, redactText } from './redact.ts';

/** Bounds of what one field may put into a line. */
const maxDepth = 6;
const maxEntries = 64;
const maxText = 4096;
const maxCauses = 5;

type Plain = string | number | boolean | null | readonly Plain[] | { readonly [key: string]: Plain };

/** Any value as plain, bounded, redacted JSON. Errors keep name, message, code, stack and causes. Never throws. */
export const toPlain = (value: unknown): Plain => plain(value, 0, new Set());

const plain = (value: unknown, depth: number, path: ReadonlySet<object>): Plain => {
  switch (typeof value) {
    case 'string':
      return cut(redactText(value));
    case 'number':
      return Number.isFinite(value) ? value : String(value);
    case 'boolean':
      return value;
    case 'bigint':
    case 'symbol':
    case 'undefined':
      return String(value);
    case 'function':
      return `[function ${value.name}]`;
    case 'object':
    default:
      return value === null ? null : plainObject(value as object, depth, path);
  }
};

const plainObject = (value: object, depth: number, path: ReadonlySet<object>): Plain => {
  if (path.has(value)) return '[circular]';
  if (depth >= maxDepth) return Array.isArray(value) ? '[array]' : '[object]';
  const inside = new Set(path).add(value);
  if (value instanceof Error) return plainError(value, depth, inside, maxCauses);
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'Invalid Date' : value.toISOString();
  if (value instanceof URL) return cut(redactText(value.href));
  if (ArrayBuffer.isView(value)) return `[${String(value.byteLength)} bytes]`;
  if (value instanceof Map) return plainEntries([...take(value.entries())], value.size, depth, inside);
  if (Array.isArray(value) || value instanceof Set) {
    const items = [...take(value.values())].map((item) => plain(item, depth + 1, inside));
    const size = Array.isArray(value) ? value.length : value.size;
    return size > items.length ? [...items, `[${String(size - items.length)} more]`] : items;
  }
  const names = Object.keys(value);
  return plainEntries(
    names.slice(0, maxEntries).map((name) => [name, read(value, name)]),
    names.length,
    depth,
    inside,
  );
};

const plainEntries = (
  entries: readonly (readonly [unknown, unknown])[],
  size: number,
  depth: number,
  path: ReadonlySet<object>,
): Plain => {
  const result: Record<string, Plain> = {};
  for (const [name, value] of entries) {
    const text = cut(String(name), 128);
    if (value === undefined) continue;
    define(result, text, isSecretName(text) ? redactedValue : plain(value, depth + 1, path));
  }
  if (size > entries.length) result['…'] = `[${String(size - entries.length)} more]`;
  return result;
};

const plainError = (error: Error, depth: number, path: ReadonlySet<object>, causes: number): Plain => {
  const result: Record<string, Plain> = {
    name: cut(error.name, 128),
    message: cut(redactText(error.message)),
  };
  const own: object = error;
  if ('code' in own && (typeof own.code === 'string' || typeof own.code === 'number')) {
    result['code'] = plain(own.code, depth, path);
  }
  if (error.stack !== undefined) result['stack'] = cut(redactText(error.stack));
  if ('errors' in own && Array.isArray(own.errors)) {
    result['errors'] = own.errors.slice(0, maxCauses).map((item: unknown) => plain(item, depth + 1, path));
  }
  if (error.cause !== undefined && causes > 0) {
    const cause = error.cause;
    if (cause instanceof Error) {
      result['cause'] = path.has(cause) ? '[circular]' : plainError(cause, depth, new Set(path).add(cause), causes - 1);
    } else {
      result['cause'] = plain(cause, depth + 1, path);
    }
  }
  return result;
};

/** A getter may throw; a log line must not. */
const read = (value: object, name: string): unknown => {
  try {
    return (value as Record<string, unknown>)[name];
  } catch (error) {
    return `[getter threw: ${error instanceof Error ? error.message : String(error)}]`;
  }
};

/** Assignment to `__proto__` would change the prototype. */
const define = (target: Record<string, Plain>, name: string, value: Plain): void => {
  Object.defineProperty(target, name, { value, enumerable: true, configurable: true, writable: true });
};

function* take<T>(values: Iterable<T>): Generator<T> {
  let count = 0;
  for (const value of values) {
    if (count++ >= maxEntries) return;
    yield value;
  }
}

const cut = (text: string, limit = maxText): string =>
  text.length <= limit ? text : `${text.slice(0, limit)}… [${String(text.length - limit)} more]`;
