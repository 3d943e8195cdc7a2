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
    ([item]) => happened.push(`take ${(item as KubeObject).metadata.name}`),
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

/** Lists from a server that answers as `answer` says. */
const listFrom = async (answer: (request: KubeRequest) => unknown, pageSize = 8) => {
  const taken: unknown[] = [];
  const asked: unknown[] = [];
  const transport: KubeTransport = {
    request: async <T>(request: KubeRequest): Promise<T> => {
      asked.push(request.query?.['limit']);
      return (await answer(request)) as T;
    },
    stream: () => Promise.reject(new Error('nobody watches')),
  };
  const { signal } = new AbortController();
  await listPages(
    { transport, path: '/pods', query: {}, pageSize, signal },
    (items) => taken.push(...items),
    () => {
      throw new Error('nobody restarts');
    },
  );
  return { taken, asked };
};

const tooLarge = new ApiError('too large', { code: 0, reason: 'ResponseTooLarge', retriable: false });

test('a page that is too large is asked for again with half as many objects, and the list goes on from there', async () => {
  const objects = Array.from({ length: 20 }, (_, index) => ({ size: index >= 8 && index < 12 ? 4 : 1 }));
  const { taken, asked } = await listFrom(({ query }) => {
    const from = Number(query?.['continue'] ?? 0);
    const page = objects.slice(from, from + Number(query?.['limit']));
    if (page.reduce((sum, { size }) => sum + size, 0) > 8) throw tooLarge;
    const end = from + page.length;
    return {
      metadata: { resourceVersion: '7', ...(end < objects.length ? { continue: String(end) } : {}) },
      items: page,
    };
  });
  assert.deepEqual(taken, objects);
  assert.deepEqual(asked, [8, 8, 4, 2, 2, 2, 2, 2, 2]);
});

test('one object that is too large fails the list, and is not asked for without end', async () => {
  await assert.rejects(
    listFrom(() => {
      throw tooLarge;
    }),
    tooLarge,
  );
});

test('a list that has no end is given up', async () => {
  let token = 0;
  const endless = (items: unknown[]) => () => {
    token += 1;
    return { metadata: { resourceVersion: '7', continue: String(token) }, items };
  };
  await assert.rejects(listFrom(endless([])), /the list has no end: 100001 objects came/);
  await assert.rejects(listFrom(endless(Array.from({ length: 250 }, () => null))), /the list has no end/);
});

test('an answer that is no list is an error that says what is wrong', async () => {
  const metadata = { resourceVersion: '7' };
  for (const [answer, says] of [
    [null, /is not a list/],
    [[], /is not a list/],
    [{ metadata, items: {} }, /is not a list/],
    [{ metadata: null, items: [] }, /no resourceVersion/],
    [{ metadata: { resourceVersion: 7 }, items: [] }, /no resourceVersion/],
    [{ metadata: { ...metadata, continue: 'x'.repeat(5000) }, items: [] }, /token of the next page is too long/],
  ] as const) {
    await assert.rejects(
      listFrom(() => answer),
      says,
    );
  }
  const { taken } = await listFrom(() => ({ metadata: { ...metadata, continue: 7 }, items: [null, 1, 'x'] }));
  assert.deepEqual(taken, [null, 1, 'x']);
});
