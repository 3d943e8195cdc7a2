import { enrollAudience } from '@nodetask/shared';
import * as z from 'zod';
import type { KubeTransport } from '../kube/kube-transport.ts';
import { collectionPath, tokenReviews } from '../kube/resource-type.ts';

/** The pod that a token is bound to, as the API server says it. */
export interface TokenPod {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
}

/** Whose token it is, or why it is not believed. */
export type ReviewedToken = { readonly pod: TokenPod } | { readonly refused: string };

const one = z.tuple([z.string().min(1).max(253)]);
const reviewSchema = z.object({
  status: z.object({
    authenticated: z.boolean().optional(),
    audiences: z.array(z.string()).optional(),
    user: z.object({ username: z.string().optional(), extra: z.record(z.string(), z.unknown()).optional() }).optional(),
  }),
});
const boundSchema = z.object({
  'authentication.kubernetes.io/pod-name': one,
  'authentication.kubernetes.io/pod-uid': one,
});

const serviceAccount = /^system:serviceaccount:([a-z0-9-]{1,63}):[a-z0-9.-]{1,253}$/;

const reviewTimeoutMs = 5_000;

/**
 * Has the API server say whose token this is: one for `nodetask.dev`, bound to a pod that lives.
 * @throws ApiError where it does not answer; ZodError for an answer that is no TokenReview.
 * @see https://kubernetes.io/docs/reference/kubernetes-api/authentication-resources/token-review-v1/
 */
export const reviewToken = async (
  transport: KubeTransport,
  token: string,
  signal: AbortSignal,
): Promise<ReviewedToken> => {
  const { status } = reviewSchema.parse(
    await transport.request<unknown>({
      method: 'POST',
      path: collectionPath(tokenReviews),
      body: {
        apiVersion: 'authentication.k8s.io/v1',
        kind: 'TokenReview',
        spec: { token, audiences: [enrollAudience] },
      },
      verb: 'create',
      timeoutMs: reviewTimeoutMs,
      signal,
    }),
  );
  // An authenticator that knows no audiences accepts any token and names none.
  if (status.authenticated !== true || status.audiences?.includes(enrollAudience) !== true) {
    return {
      refused: `the API server does not accept the token: it must be a service account token for the audience ${enrollAudience}, not have ended, and its pod must live`,
    };
  }
  const namespace = serviceAccount.exec(status.user?.username ?? '')?.[1];
  const bound = boundSchema.safeParse(status.user?.extra);
  if (namespace === undefined || !bound.success) {
    return { refused: 'the token is not bound to a pod: use a projected service account token of the pod' };
  }
  return {
    pod: {
      namespace,
      name: bound.data['authentication.kubernetes.io/pod-name'][0],
      uid: bound.data['authentication.kubernetes.io/pod-uid'][0],
    },
  };
};
