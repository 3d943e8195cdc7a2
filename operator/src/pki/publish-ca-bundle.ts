import { operatorFieldManager } from '@nodetask/shared';
import * as z from 'zod';
import { applyObject } from '../kube/apply.ts';
import type { KubeObject } from '../kube/kube-object.ts';
import type { KubeTransport } from '../kube/kube-transport.ts';
import { mutatingWebhookConfigurations } from '../kube/resource-type.ts';

/** A MutatingWebhookConfiguration, as far as it says whom the API server believes. */
export interface WebhookConfiguration extends KubeObject {
  readonly webhooks?: readonly { readonly name: string; readonly clientConfig: { readonly caBundle?: string } }[];
}

const webhookSchema = z.object({
  name: z.string(),
  clientConfig: z.object({ caBundle: z.string().exactOptional().catch('') }),
});

/** Reads a configuration as the API server sends it, as far as it can be read. */
export const readWebhookConfiguration = (object: WebhookConfiguration): WebhookConfiguration => {
  const { namespace, name, uid, resourceVersion } = object.metadata;
  const webhooks: readonly unknown[] = Array.isArray(object.webhooks) ? object.webhooks : [];
  return {
    metadata: { name, uid, resourceVersion, ...(namespace === undefined ? {} : { namespace }) },
    webhooks: webhooks.flatMap((webhook) => webhookSchema.safeParse(webhook).data ?? []),
  };
};

/** Whether each webhook has this caBundle (base64). */
export const saysCABundle = ({ webhooks = [] }: WebhookConfiguration, caBundle: string): boolean =>
  webhooks.every(({ clientConfig }) => clientConfig.caBundle === caBundle);

/**
 * Gives each webhook this caBundle, and takes nothing else of them. Never makes the configuration: with its version in the request the API server
 * refuses what would.
 * @throws ApiError; Conflict where it changed since it was read.
 */
export const publishCABundle = async (
  configuration: WebhookConfiguration,
  caBundle: string,
  { transport, signal }: { readonly transport: KubeTransport; readonly signal: AbortSignal },
): Promise<void> => {
  const { name, resourceVersion } = configuration.metadata;
  await applyObject(
    transport,
    mutatingWebhookConfigurations,
    {
      apiVersion: 'admissionregistration.k8s.io/v1',
      kind: 'MutatingWebhookConfiguration',
      metadata: { name, resourceVersion },
      webhooks: (configuration.webhooks ?? []).map((webhook) => ({ name: webhook.name, clientConfig: { caBundle } })),
    },
    { fieldManager: operatorFieldManager, signal },
  );
};
