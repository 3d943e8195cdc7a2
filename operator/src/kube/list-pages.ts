import { ApiError, isExpired } from './api-error.ts';
import type { KubeObject } from './kube-object.ts';
import type { KubeTransport, Query } from './kube-transport.ts';
import { isKubeObject } from './watch-event.ts';

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

interface ListBody {
  readonly metadata?: { readonly resourceVersion?: unknown; readonly continue?: unknown };
  readonly items?: unknown;
}

interface Page {
  readonly items: readonly KubeObject[];
  readonly resourceVersion: string;
  readonly next: string | undefined;
}

/**
 * Lists page by page: all pages show the same moment. When the server has forgotten that moment in between (410), the list
 * begins anew, and `onRestart` is called; when a page is too large for memory, with pages of half the size.
 * @returns the resource version of the list.
 * @throws ApiError; Expired also when the first page is refused (an exact version that is gone).
 */
export const listPages = async (
  options: ListOptions,
  onPage: (items: readonly KubeObject[]) => void,
  onRestart: () => void,
): Promise<string> => {
  let { pageSize } = options;
  for (let restarts = 0; ;) {
    let next: string | undefined;
    try {
      let reading = readPage(options, pageSize, next);
      for (;;) {
        const page = await reading;
        ({ next } = page);
        // The server works on the next page while this one is taken in.
        if (next !== undefined) reading = readPage(options, pageSize, next);
        // Awaited in the next round; where this one throws nobody asks for it any more.
        reading.catch(() => undefined);
        onPage(page.items);
        if (next === undefined) return page.resourceVersion;
      }
    } catch (error) {
      const smaller = error instanceof ApiError && error.reason === 'ResponseTooLarge' && pageSize > 1;
      const lostMoment = isExpired(error) && next !== undefined && restarts < maxRestarts;
      if (!smaller && !lostMoment) throw error;
      if (smaller) pageSize = Math.ceil(pageSize / 2);
      else restarts += 1;
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
    signal: options.signal,
  });
  const { items, metadata } = body;
  if (!Array.isArray(items) || !items.every(isKubeObject) || typeof metadata?.resourceVersion !== 'string') {
    throw new ApiError(`GET ${options.path}: the answer is not a list of objects`, {
      code: 200,
      reason: 'InvalidAnswer',
      retriable: true,
    });
  }
  const token = metadata.continue;
  return {
    items,
    resourceVersion: metadata.resourceVersion,
    next: typeof token === 'string' && token !== '' ? token : undefined,
  };
};
