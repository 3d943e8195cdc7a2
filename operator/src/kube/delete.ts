import type { KubeObject } from './kube-object.ts';
import type { KubeTransport } from './kube-transport.ts';
import { objectPath, type ResourceType } from './resource-type.ts';

/**
 * Deletes exactly this version of `object`.
 * @throws ApiError Conflict when the object changed or is another one by now, NotFound when it is gone.
 * @see https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/delete-options/
 */
export const deleteObject = async (
  transport: KubeTransport,
  type: ResourceType,
  { metadata: { namespace, name, uid, resourceVersion } }: KubeObject & { readonly metadata: { readonly uid: string } },
  { signal }: { readonly signal?: AbortSignal } = {},
): Promise<void> => {
  await transport.request<unknown>({
    method: 'DELETE',
    path: objectPath(type, { name, ...(namespace !== undefined && { namespace }) }),
    body: { apiVersion: 'v1', kind: 'DeleteOptions', preconditions: { uid, resourceVersion } },
    verb: 'delete',
    ...(signal !== undefined && { signal }),
  });
};
