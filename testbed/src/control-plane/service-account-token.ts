// Service-account tokens as a kubelet gets them. https://kubernetes.io/docs/reference/kubernetes-api/authentication-resources/token-request-v1/
import type { KubeClient } from '../kube/kube-client.ts';

export interface ServiceAccountTokenRequest {
  readonly namespace: string;
  readonly serviceAccount: string;
  /** The API server refuses less than 600 (default 3600). */
  readonly expirationSeconds?: number;
  /** Binds the token to a pod: it ends with the pod. */
  readonly pod?: { readonly name: string; readonly uid: string };
  readonly audiences?: readonly string[];
}

export interface ServiceAccountToken {
  readonly token: string;
  readonly expiresAt: Date;
}

export async function requestServiceAccountToken(
  client: KubeClient,
  options: ServiceAccountTokenRequest,
): Promise<ServiceAccountToken> {
  const { namespace, serviceAccount, expirationSeconds = 3_600, pod, audiences } = options;
  const answer = await client.request<{ status: { token: string; expirationTimestamp: string } }>({
    method: 'POST',
    path: `/api/v1/namespaces/${namespace}/serviceaccounts/${serviceAccount}/token`,
    body: {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenRequest',
      spec: {
        expirationSeconds,
        ...(audiences === undefined ? {} : { audiences }),
        ...(pod === undefined
          ? {}
          : { boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name: pod.name, uid: pod.uid } }),
      },
    },
  });
  return { token: answer.status.token, expiresAt: new Date(answer.status.expirationTimestamp) };
}
