import * as z from 'zod';
import type { KubeTransport } from './kube-transport.ts';
import { collectionPath } from './resource-type.ts';
import type { TokenUser } from './token-review.ts';

export interface NonResourceRequest {
  /** For instance /metrics. */
  readonly path: string;
  /** For instance get. */
  readonly verb: string;
}

const reviews = collectionPath({ group: 'authorization.k8s.io', version: 'v1', plural: 'subjectaccessreviews' });
const callMs = 10_000;

const answerSchema = z.object({
  status: z.object({ allowed: z.boolean().optional(), denied: z.boolean().optional() }),
});

/**
 * Asks the API server whether a user may do something with a path that is no resource, as a ClusterRole's nonResourceURLs say. Needs the right
 * to create subjectaccessreviews.
 * https://kubernetes.io/docs/reference/kubernetes-api/authorization-resources/subject-access-review-v1/
 * @throws ApiError
 */
export const mayAccess = async (
  transport: KubeTransport,
  { username, uid, groups, extra }: TokenUser,
  nonResourceAttributes: NonResourceRequest,
): Promise<boolean> => {
  const answer = await transport.request<unknown>({
    method: 'POST',
    path: reviews,
    verb: 'create',
    timeoutMs: callMs,
    body: {
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SubjectAccessReview',
      spec: { user: username, uid, groups, extra, nonResourceAttributes },
    },
  });
  const { allowed, denied } = answerSchema.parse(answer).status;
  return allowed === true && denied !== true;
};
