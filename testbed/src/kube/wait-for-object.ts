// Waits for a state of one object by watching it: no polling, so that measured times are not rounded up to an interval.
import { KubeApiError } from './kube-client.ts';
import type { KubeClient, KubeObject } from './kube-client.ts';
import { WaitTimeoutError } from '../wait.ts';
import { setTimeout as sleep } from 'node:timers/promises';

const RECONNECT_MS = 100;

export interface WaitForObjectOptions {
  readonly what: string;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
}

/**
 * Resolves with the first state of the object at `path` for which `condition` holds; `undefined` stands for "there is none", so deletion
 * can be awaited too. Goes on over lost connections. Throws WaitTimeoutError with the last state seen.
 */
export async function waitForObject<T extends object = KubeObject>(
  client: KubeClient,
  path: string,
  condition: (object: T | undefined) => boolean,
  options: WaitForObjectOptions,
): Promise<T | undefined> {
  const timeout = AbortSignal.timeout(options.timeoutMs);
  const signal = options.signal === undefined ? timeout : AbortSignal.any([timeout, options.signal]);
  let last: T | undefined;
  let lastError: unknown;
  while (!signal.aborted) {
    try {
      for await (const object of states<T>(client, path, signal)) {
        last = object;
        if (condition(object)) return object;
      }
    } catch (error) {
      // A refused request will be refused again; a lost connection or an expired version (410) is taken up anew.
      if (error instanceof KubeApiError && error.status < 500 && error.status !== 410 && error.status !== 429)
        throw error;
      lastError = error;
    }
    await sleep(RECONNECT_MS);
  }
  options.signal?.throwIfAborted();
  const state =
    last === undefined
      ? 'there is no such object'
      : JSON.stringify('status' in last ? last.status : last).slice(0, 4_000);
  throw new WaitTimeoutError(`waited ${options.timeoutMs} ms for ${options.what} (${path}); last state: ${state}`, {
    cause: lastError,
  });
}

/** The object as it is, then each change of it, until the connection ends. */
async function* states<T extends object = KubeObject>(
  client: KubeClient,
  path: string,
  signal: AbortSignal,
): AsyncGenerator<T | undefined> {
  const slash = path.lastIndexOf('/');
  const collection = `${path.slice(0, slash)}?fieldSelector=metadata.name%3D${path.slice(slash + 1)}`;
  const list = await client.request<KubeObject & { items: T[] }>({ method: 'GET', path: collection, signal });
  yield list.items[0];
  for await (const event of client.watch<T>(collection, String(list.metadata.resourceVersion), signal)) {
    if (event.type === 'BOOKMARK') continue;
    yield event.type === 'DELETED' ? undefined : event.object;
  }
}
