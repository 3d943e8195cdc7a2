import { ApiError } from './api-error.ts';
import type { KubeObject } from './kube-object.ts';
import { StreamError } from './line-splitter.ts';

/** One line of a watch. */
export type WatchEvent<T extends KubeObject> =
  | { readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'; readonly object: T }
  | { readonly type: 'BOOKMARK'; readonly resourceVersion: string }
  | { readonly type: 'ERROR'; readonly error: ApiError };

/**
 * Reads one line of a watch.
 * @throws StreamError when it is not an event.
 */
export const parseWatchEvent = <T extends KubeObject>(line: string): WatchEvent<T> => {
  const { type, object } = parseLine(line);
  switch (type) {
    case 'ADDED':
    case 'MODIFIED':
    case 'DELETED':
      if (!isKubeObject(object)) throw notAnEvent(line, 'its object has no name, uid or resourceVersion');
      return { type, object: object as T };
    case 'BOOKMARK': {
      const resourceVersion = (object as Partial<KubeObject> | undefined)?.metadata?.resourceVersion;
      if (typeof resourceVersion !== 'string' || resourceVersion === '') throw notAnEvent(line, 'no resourceVersion');
      return { type, resourceVersion };
    }
    case 'ERROR':
      return { type, error: errorOfStatus(object) };
    default:
      throw notAnEvent(line, `unknown type ${JSON.stringify(type)}`);
  }
};

/** Whether an item of a list or an event is an object that can be cached. */
export const isKubeObject = (value: unknown): value is KubeObject => {
  const metadata = (value as Partial<KubeObject> | undefined)?.metadata;
  return (
    typeof metadata?.name === 'string' &&
    typeof metadata.uid === 'string' &&
    typeof metadata.resourceVersion === 'string' &&
    metadata.resourceVersion !== ''
  );
};

const parseLine = (line: string): { type?: unknown; object?: unknown } => {
  let parsed: unknown;
  try {
    parsed = JSON.parse(line);
  } catch (cause) {
    throw notAnEvent(line, 'not JSON', cause);
  }
  if (typeof parsed !== 'object' || parsed === null) throw notAnEvent(line, 'not an object');
  return parsed;
};

const notAnEvent = (line: string, why: string, cause?: unknown): StreamError =>
  new StreamError(`not a watch event (${why}): ${line.slice(0, 200)}`, cause === undefined ? undefined : { cause });

const errorOfStatus = (status: unknown): ApiError => {
  const { code, reason, message } = (status ?? {}) as { code?: unknown; reason?: unknown; message?: unknown };
  return new ApiError(`the watch ended with an error: ${String(reason)}: ${String(message)}`, {
    code: typeof code === 'number' ? code : 500,
    reason: typeof reason === 'string' && reason !== '' ? reason : 'Unknown',
  });
};
