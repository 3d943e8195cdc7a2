import { operatorFieldManager, trustConfigMap, trustKey } from '@nodetask/shared';
import { isNotFound } from '../kube/api-error.ts';
import { applyObject } from '../kube/apply.ts';
import { objectKey } from '../kube/kube-object.ts';
import type { KubeTransport } from '../kube/kube-transport.ts';
import type { ObjectCache } from '../kube/object-cache.ts';
import { configMaps } from '../kube/resource-type.ts';
import type { Owned } from './owned-metadata.ts';
import { saysTrust, type TrustConfigMap, type TrustContent } from './trust-config-map.ts';

export interface PublishTrustOptions {
  readonly transport: KubeTransport;
  readonly caches: readonly ObjectCache<TrustConfigMap>[];
  readonly namespaces: readonly string[];
  readonly metadata: Owned;
  readonly signal: AbortSignal;
}

/**
 * Writes the trust ConfigMap of each namespace that does not say `content` already. One namespace after the other: each is small, and all
 * together are no hurry. A namespace that is not there needs none.
 * @throws AggregateError of those that failed, once all were tried; the reason of `signal`.
 */
export const publishTrust = async (content: TrustContent, options: PublishTrustOptions): Promise<void> => {
  const { transport, metadata, signal } = options;
  const failures: Error[] = [];
  for (const namespace of unpublished(content, options)) {
    try {
      await applyObject(
        transport,
        configMaps,
        {
          apiVersion: 'v1',
          kind: 'ConfigMap',
          metadata: { ...metadata, annotations: content.annotations, namespace, name: trustConfigMap },
          data: content.data,
        },
        { fieldManager: operatorFieldManager, signal },
      );
    } catch (error) {
      if (signal.aborted) throw error;
      if (!isNotFound(error)) failures.push(error instanceof Error ? error : new Error(String(error)));
    }
  }
  if (failures.length === 0) return;
  throw new AggregateError(
    failures,
    `the CAs are not published in ${failures.length} namespaces: ${String(failures[0])}`,
  );
};

/** Namespaces whose ConfigMap does not say `content`. */
export const unpublished = (
  content: TrustContent,
  { caches, namespaces }: Pick<PublishTrustOptions, 'caches' | 'namespaces'>,
): readonly string[] =>
  namespaces.filter((namespace) => {
    const key = objectKey({ namespace, name: trustConfigMap });
    return !caches.some((cache) => saysTrust(cache.get(key), content));
  });

/** What a webhook's caBundle is to be: the same certificates, base64. */
export const caBundleOf = ({ data }: TrustContent): string => Buffer.from(data[trustKey] ?? '').toString('base64');
