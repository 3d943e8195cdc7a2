import { ApiError, isExpired } from './api-error.ts';
import { isResourceVersion } from './kube-object.ts';
import type { KubeTransport, Query } from './kube-transport.ts';
import { parsePageOfOne } from './page-of-one.ts';

export interface ListOptions {
  readonly transport: KubeTransport;
  readonly path: string;
  readonly query: Query;
  /** Objects asked for in one call. */
  readonly pageSize: number;
  readonly signal: AbortSignal;
}

/** Restarts of one list before its error goes to the caller. */
const maxRestarts = 3;

/** Objects of one list, ten times what the operator is measured with. A list with more, or with as many pages, is one that never ends. */
const maxObjects = 100_000;

/** The API server makes its tokens of a version and a name. */
const maxTokenCharacters = 4096;

/** As far as it can be read: any JSON may come. */
type ListBody = {
  readonly metadata?: { readonly resourceVersion?: unknown; readonly continue?: unknown } | null;
  readonly items?: unknown;
} | null;

interface Page {
  /** In the place of an object that holds too many values there is null. */
  readonly items: readonly unknown[];
  readonly resourceVersion: string;
  readonly next: string | undefined;
}

/**
 * Lists page by page: all pages show the same moment. When the server has forgotten that moment in between (410), the list
 * begins anew, and `onRestart` is called. A page that is too large for memory is asked for again with half as many objects, down to one.
 * @returns the resource version of the list.
 * @throws ApiError; Expired also when the first page is refused (an exact version that is gone).
 */
export const listPages = async (
  options: ListOptions,
  onPage: (items: readonly unknown[]) => void,
  onRestart: () => void,
): Promise<string> => {
  let { pageSize } = options;
  const read = async (token: string | undefined): Promise<Page> => {
    for (;;) {
      try {
        return await readPage(options, pageSize, token);
      } catch (error) {
        if (!(error instanceof ApiError) || error.reason !== 'ResponseTooLarge' || pageSize <= 1) throw error;
        pageSize = Math.ceil(pageSize / 2);
      }
    }
  };
  for (let restarts = 0; ;) {
    let next: string | undefined;
    let taken = 0;
    try {
      let reading = read(next);
      for (;;) {
        const page = await reading;
        ({ next } = page);
        // A page without objects counts as one.
        taken += Math.max(1, page.items.length);
        if (taken > maxObjects) throw invalid(options, `the list has no end: ${String(taken)} objects came`);
        // The server works on the next page while this one is taken in.
        if (next !== undefined) reading = read(next);
        // Awaited in the next round; where this one throws nobody asks for it any more.
        reading.catch(() => undefined);
        onPage(page.items);
        if (next === undefined) return page.resourceVersion;
      }
    } catch (error) {
      if (!isExpired(error) || next === undefined || restarts >= maxRestarts) throw error;
      restarts += 1;
      onRestart();
    }
  }
};

const readPage = async (options: ListOptions, pageSize: number, next: string | undefined): Promise<Page> => {
  // A continue token stands for the version of the list: the server refuses both together.
  const { resourceVersion, resourceVersionMatch, ...rest } = options.query;
  const body = await options.transport.request<ListBody>({
    method: 'GET',
    path: options.path,
    query: {
      ...rest,
      ...(next === undefined ? { resourceVersion, resourceVersionMatch } : { continue: next }),
      limit: pageSize,
    },
    verb: 'list',
    ...(pageSize === 1 && { parse: parsePageOfOne }),
    signal: options.signal,
  });
  const { items, metadata } = body ?? {};
  if (!Array.isArray(items)) throw invalid(options, 'the answer is not a list');
  if (!isResourceVersion(metadata?.resourceVersion)) throw invalid(options, 'the list has no resourceVersion');
  const token = metadata.continue;
  if (typeof token !== 'string' || token === '')
    return { items, resourceVersion: metadata.resourceVersion, next: undefined };
  if (token.length > maxTokenCharacters) throw invalid(options, 'the token of the next page is too long');
  return { items, resourceVersion: metadata.resourceVersion, next: token };
};

const invalid = ({ path }: ListOptions, why: string): ApiError =>
  new ApiError(`GET ${path}: ${why}`, { code: 200, reason: 'InvalidAnswer', retriable: true });
