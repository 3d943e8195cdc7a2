import * as z from 'zod';
import type { KubeTransport } from './kube-transport.ts';
import { collectionPath, tokenReviews } from './resource-type.ts';

/** Who a bearer token says its bearer is, as the API server has found. */
export interface TokenUser {
  readonly username: string;
  readonly uid?: string | undefined;
  readonly groups?: readonly string[] | undefined;
  /** For instance `authentication.kubernetes.io/pod-name` of a token that is bound to a pod. */
  readonly extra?: Readonly<Record<string, readonly string[]>> | undefined;
}

export interface TokenReviewOptions {
  /** The audiences of which the token must have one. Default: those of the API server. */
  readonly audiences?: readonly string[];
  /** Default 10 s. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

const defaultTimeoutMs = 10_000;

const answerSchema = z.object({
  status: z.object({
    authenticated: z.boolean().optional(),
    audiences: z.array(z.string()).optional(),
    user: z
      .object({
        // Of a token that is nobody's, the user is there and empty.
        username: z.string().default(''),
        uid: z.string().optional(),
        groups: z.array(z.string()).optional(),
        extra: z.record(z.string(), z.array(z.string())).optional(),
      })
      .optional(),
  }),
});

/**
 * Asks the API server whose token this is: undefined where it is nobody's, or not for these audiences. Needs the right to create tokenreviews.
 * https://kubernetes.io/docs/reference/kubernetes-api/authentication-resources/token-review-v1/
 * @throws ApiError where it does not answer; ZodError for an answer that is no TokenReview.
 */
export const reviewToken = async (
  transport: KubeTransport,
  token: string,
  { audiences, timeoutMs = defaultTimeoutMs, signal }: TokenReviewOptions = {},
): Promise<TokenUser | undefined> => {
  const answer = await transport.request<unknown>({
    method: 'POST',
    path: collectionPath(tokenReviews),
    verb: 'create',
    timeoutMs,
    ...(signal === undefined ? {} : { signal }),
    body: {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenReview',
      spec: { token, ...(audiences === undefined ? {} : { audiences }) },
    },
  });
  const { authenticated, audiences: valid = [], user } = answerSchema.parse(answer).status;
  if (authenticated !== true || user === undefined || user.username === '') return undefined;
  // An authenticator that knows no audiences answers none: then the token is not bound to these.
  if (audiences !== undefined && !audiences.some((audience) => valid.includes(audience))) return undefined;
  return user;
};
