import { enrollAudience } from '@nodetask/shared';
import * as z from 'zod';
import type { KubeTransport } from '../kube/kube-transport.ts';
import { reviewToken } from '../kube/token-review.ts';

/** The pod that a token is bound to, as the API server says it. */
export interface TokenPod {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
}

/** Whose token it is, or why it is not believed. */
export type ReviewedToken = { readonly pod: TokenPod } | { readonly refused: string };

const one = z.tuple([z.string().min(1).max(253)]);
const boundSchema = z.object({
  'authentication.kubernetes.io/pod-name': one,
  'authentication.kubernetes.io/pod-uid': one,
});

const serviceAccount = /^system:serviceaccount:([a-z0-9-]{1,63}):[a-z0-9.-]{1,253}$/;

const reviewTimeoutMs = 5_000;

/**
 * Has the API server say whose token this is: one for `nodetask.dev`, bound to a pod that lives.
 * @throws ApiError where it does not answer; ZodError for an answer that is no TokenReview.
 */
export const podOfToken = async (
  transport: KubeTransport,
  token: string,
  signal: AbortSignal,
): Promise<ReviewedToken> => {
  const user = await reviewToken(transport, token, {
    audiences: [enrollAudience],
    timeoutMs: reviewTimeoutMs,
    signal,
  });
  if (user === undefined) {
    return {
      refused: `the API server does not accept the token: it must be a service account token for the audience ${enrollAudience}, not have ended, and its pod must live`,
    };
  }
  const namespace = serviceAccount.exec(user.username)?.[1];
  const bound = boundSchema.safeParse(user.extra);
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
