import { ApiError } from './api-error.ts';
import { excerpt } from './excerpt.ts';
import { parseForeignJSON, TooManyValuesError } from './foreign-json.ts';
import { isKubeObject, isResourceVersion, type KubeObject } from './kube-object.ts';
import { StreamError, tooLongLine } from './split-lines.ts';

/** One line of a watch. */
export type WatchEvent<T extends KubeObject> =
  | { readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'; readonly object: T }
  | { readonly type: 'BOOKMARK'; readonly resourceVersion: string }
  /** An event about an object that cannot be read; `why` says what is wrong with it. */
  | { readonly type: 'UNREADABLE'; readonly why: string }
  | { readonly type: 'ERROR'; readonly error: ApiError };

/**
 * Reads one line of a watch.
 * @throws StreamError when it is not an event.
 */
export const parseWatchEvent = <T extends KubeObject>(line: Buffer | typeof tooLongLine): WatchEvent<T> => {
  if (line === tooLongLine) return { type: 'UNREADABLE', why: 'it is too large' };
  const parsed = parseLine(line);
  if (parsed instanceof TooManyValuesError) return { type: 'UNREADABLE', why: parsed.message };
  const { type, object } = parsed;
  switch (type) {
    case 'ADDED':
    case 'MODIFIED':
    case 'DELETED':
      if (!isKubeObject(object)) {
        return { type: 'UNREADABLE', why: `it has no name, uid or resourceVersion: ${excerptOf(line)}` };
      }
      return { type, object: object as T };
    case 'BOOKMARK': {
      const resourceVersion = (object as Partial<KubeObject> | null | undefined)?.metadata?.resourceVersion;
      if (!isResourceVersion(resourceVersion)) throw notAnEvent(line, 'no resourceVersion');
      return { type, resourceVersion };
    }
    case 'ERROR':
      return { type, error: errorOfStatus(object) };
    default:
      throw notAnEvent(line, `unknown type`);
  }
};

const parseLine = (line: Buffer): { type?: unknown; object?: unknown } | TooManyValuesError => {
  let parsed: unknown;
  try {
    parsed = parseForeignJSON(line);
  } catch (cause) {
    if (cause instanceof TooManyValuesError) return cause;
    throw notAnEvent(line, 'not JSON', cause);
  }
  if (typeof parsed !== 'object' || parsed === null) throw notAnEvent(line, 'not an object');
  return parsed;
};

const excerptOf = (line: Buffer): string => excerpt(line.toString('utf8', 0, 800));

const notAnEvent = (line: Buffer, why: string, cause?: unknown): StreamError =>
  new StreamError(`not a watch event (${why}): ${excerptOf(line)}`, cause === undefined ? undefined : { cause });

const errorOfStatus = (status: unknown): ApiError => {
  const { code, reason, message } = (status ?? {}) as { code?: unknown; reason?: unknown; message?: unknown };
  const said = typeof reason === 'string' && reason !== '' ? excerpt(reason, 128) : 'Unknown';
  return new ApiError(
    `the watch ended with an error: ${said}: ${typeof message === 'string' ? excerpt(message, 1024) : ''}`,
    { code: typeof code === 'number' ? code : 500, reason: said },
  );
};
