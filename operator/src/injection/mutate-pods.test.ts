import assert from 'node:assert/strict';
import { test } from 'node:test';
import { silentLogger } from '@nodetask/shared';
import type { SecureAnswer } from '../secure-server/secure-route.ts';
import { mutatePods } from './mutate-pods.ts';
import { nodePod, settings } from './testing/node-pod.ts';

const route = mutatePods({ settings, logger: silentLogger });

const post = (body: string): Promise<SecureAnswer> =>
  route.handle({ headers: {}, body, signal: new AbortController().signal });

interface Review {
  readonly apiVersion: string;
  readonly kind: string;
  readonly response: {
    readonly uid: string;
    readonly allowed: boolean;
    readonly patchType?: string;
    readonly patch?: string;
    readonly status?: { readonly code: number; readonly message: string };
    readonly warnings?: readonly string[];
  };
}

const review = async (request: object): Promise<Review['response']> => {
  const { status, body } = await post(
    JSON.stringify({
      apiVersion: 'admission.k8s.io/v1',
      kind: 'AdmissionReview',
      request: { uid: 'u-1', kind: { group: '', version: 'v1', kind: 'Pod' }, operation: 'CREATE', ...request },
      someday: 'more',
    }),
  );
  assert.equal(status, 200);
  const answer = JSON.parse(body) as Review;
  assert.deepEqual(
    [answer.apiVersion, answer.kind, answer.response.uid],
    ['admission.k8s.io/v1', 'AdmissionReview', 'u-1'],
  );
  return answer.response;
};

test('a pod that asks for an agent is answered with a patch', async () => {
  const { allowed, patchType, patch = '' } = await review({ object: nodePod(), dryRun: true, options: { x: 1 } });
  assert.deepEqual([allowed, patchType], [true, 'JSONPatch']);
  const operations = JSON.parse(Buffer.from(patch, 'base64').toString()) as readonly { readonly path: string }[];
  assert.equal(operations[0]?.path, '/spec/initContainers');
  assert.equal(operations.at(-1)?.path, '/metadata/annotations/nodetask.dev~1injected');
});

test('a pod that cannot have one is refused with the reason', async () => {
  const answer = await review({ object: nodePod({ 'nodetask.dev/home': 'sei' }, {}, { name: undefined }) });
  assert.equal(answer.allowed, false);
  assert.equal(answer.patch, undefined);
  assert.equal(answer.status?.code, 400);
  assert.match(answer.status.message, /nodetask\.dev\/home is "sei"/);
});

test('what is no new pod, or not ours, is let through without a word', async () => {
  const others = [
    { object: nodePod(), operation: 'UPDATE' },
    { object: nodePod(), subResource: 'ephemeralcontainers' },
    { object: nodePod(), kind: { group: 'apps', version: 'v1', kind: 'Deployment' } },
    { object: nodePod({}, {}, { labels: {} }) },
    { object: null, operation: 'DELETE' },
    {},
  ];
  for (const request of others)
    assert.deepEqual(await review(request), { uid: 'u-1', allowed: true }, JSON.stringify(request));
});

test('a static pod is let through with a warning', async () => {
  const { allowed, warnings } = await review({ object: nodePod({ 'kubernetes.io/config.mirror': 'x' }) });
  assert.equal(allowed, true);
  assert.match(warnings?.[0] ?? '', /static pod/);
});

test('a body that is no review is refused with what is expected', async () => {
  const wrong = [
    '',
    '{',
    'null',
    '{}',
    '{"apiVersion":"admission.k8s.io/v1beta1","kind":"AdmissionReview","request":{"uid":"1"}}',
  ];
  for (const body of wrong) {
    const answer = await post(body);
    assert.equal(answer.status, 400, body);
    assert.match(answer.body, /must be an AdmissionReview of admission\.k8s\.io\/v1/);
  }
});
