import type { ObjectName } from './kube-object.ts';
import type { KubeTransport } from './kube-transport.ts';
import { objectPath, type ResourceType } from './resource-type.ts';

/** The least that a server-side apply must say. */
export interface ApplyBody {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: ObjectName & {
    /**
     * When given, any other write since is a conflict. (A uid is no such guard: the status subresource ignores it, seen with
     * Kubernetes 1.36.)
     */
    readonly resourceVersion?: string;
    readonly [field: string]: unknown;
  };
  readonly [field: string]: unknown;
}

export interface WriteOptions {
  readonly fieldManager: string;
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

export interface ApplyOptions extends WriteOptions {
  readonly subresource?: string;
}

/**
 * Server-side apply with force: `fieldManager` then owns exactly the fields of `object`; those that it owned before and that are
 * missing now are removed.
 * @returns the whole object as stored.
 * @throws ApiError
 * @see https://kubernetes.io/docs/reference/using-api/server-side-apply/
 */
export const applyObject = async <T>(
  transport: KubeTransport,
  type: ResourceType,
  object: ApplyBody,
  { fieldManager, subresource, ...rest }: ApplyOptions,
): Promise<T> =>
  transport.request<T>({
    method: 'PATCH',
    path: objectPath(type, object.metadata, subresource),
    query: { fieldManager, force: true },
    // The transport writes the body so that a YAML reader understands it.
    contentType: 'application/apply-patch+yaml',
    body: object,
    verb: 'apply',
    ...rest,
  });

/** applyObject on the status subresource. */
export const applyStatus = async <T>(
  transport: KubeTransport,
  type: ResourceType,
  object: ApplyBody,
  options: WriteOptions,
): Promise<T> => applyObject<T>(transport, type, object, { ...options, subresource: 'status' });

/** An operation of RFC 6902, section 4. */
export interface JSONPatchOperation {
  readonly op: string;
  readonly path: string;
  readonly value?: unknown;
}

/**
 * JSON patch (RFC 6902). Replace `/metadata/resourceVersion` by the one that was read to have it refused when the object changed.
 * @returns the whole object as stored.
 * @throws ApiError
 */
export const jsonPatch = async <T>(
  transport: KubeTransport,
  type: ResourceType,
  { name, namespace }: ObjectName,
  operations: readonly JSONPatchOperation[],
  { fieldManager, subresource, ...rest }: ApplyOptions,
): Promise<T> =>
  transport.request<T>({
    method: 'PATCH',
    path: objectPath(type, { name, ...(namespace !== undefined && { namespace }) }, subresource),
    query: { fieldManager },
    contentType: 'application/json-patch+json',
    body: operations,
    verb: 'patch',
    ...rest,
  });

/**
 * JSON merge patch (RFC 7386). Put `metadata.resourceVersion` into the patch to have it refused when the object changed.
 * @returns the whole object as stored.
 * @throws ApiError
 */
export const mergePatch = async <T>(
  transport: KubeTransport,
  type: ResourceType,
  name: ObjectName,
  patch: object,
  { fieldManager, subresource, ...rest }: ApplyOptions,
): Promise<T> =>
  transport.request<T>({
    method: 'PATCH',
    path: objectPath(type, name, subresource),
    query: { fieldManager },
    contentType: 'application/merge-patch+json',
    body: patch,
    verb: 'patch',
    ...rest,
  });
