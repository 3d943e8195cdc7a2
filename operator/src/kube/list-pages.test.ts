import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ApiError } from './api-error.ts';
import type { KubeObject } from './kube-object.ts';
import type { KubeRequest, KubeTransport } from './kube-transport.ts';
import { listPages } from './list-pages.ts';

/** Pages of one object: which of them fails, and in which order things happened; how the API server pages is tested in test/. */
const list = async (fails: Readonly<Record<string, ApiError[]>> = {}) => {
  const happened: string[] = [];
  const transport: KubeTransport = {
    request: <T>({ query }: KubeRequest): Promise<T> => {
      const at = String(query?.['continue'] ?? '1');
      happened.push(`ask ${at}`);
      const error = fails[at]?.shift();
      if (error !== undefined) return Promise.reject(error);
      const metadata = { resourceVersion: '7', ...(at === '3' ? {} : { continue: String(Number(at) + 1) }) };
      const items: readonly KubeObject[] = [{ metadata: { namespace: 'n', name: at, uid: at, resourceVersion: at } }];
      return Promise.resolve({ metadata, items } as T);
    },
    stream: () => Promise.reject(new Error('nobody watches')),
  };
  const { signal } = new AbortController();
  const version = await listPages(
    { transport, path: '/pods', query: {}, pageSize: 1, signal },
    (items) => happened.push(`take ${items[0]?.metadata.name ?? ''}`),
    () => happened.push('restart'),
  );
  return { version, happened };
};

test('the next page is asked for before one is taken in', async () => {
  assert.deepEqual(await list(), {
    version: '7',
    happened: ['ask 1', 'ask 2', 'take 1', 'ask 3', 'take 2', 'take 3'],
  });
});

test('a list whose moment the server has forgotten begins anew; any other failure is the caller’s', async () => {
  const gone = new ApiError('gone', { code: 410, reason: 'Expired', retriable: false });
  assert.deepEqual((await list({ '2': [gone] })).happened, [
    'ask 1',
    'ask 2',
    'take 1',
    'restart',
    'ask 1',
    'ask 2',
    'take 1',
    'ask 3',
    'take 2',
    'take 3',
  ]);
  await assert.rejects(list({ '1': [gone] }), gone);
  const down = new ApiError('down', { code: 503, reason: 'ServiceUnavailable', retriable: true });
  await assert.rejects(list({ '3': [down] }), down);
});
