import { createPrivateKey } from 'node:crypto';
import { operatorFieldManager, trustKey } from '@nodetask/shared';
import { isNotFound } from '../kube/api-error.ts';
import { applyObject } from '../kube/apply.ts';
import type { KubeTransport } from '../kube/kube-transport.ts';
import { objectPath, secrets } from '../kube/resource-type.ts';
import { base64, type Secret, text } from './ca-secret.ts';
import { issueLeaf, type IssueOptions, type KeyedLeaf, renewLeafAt } from './leaf.ts';
import type { Owned } from './owned-metadata.ts';
import { metricsReaderProfile } from './profiles.ts';
import { certificatesText, parseCertificates } from './trust-bundle.ts';
import type { TrustContent } from './trust-config-map.ts';

/** Secret with the certificate for who scrapes agents, such as Prometheus. */
export const metricsReaderSecret = 'nodetask-metrics-reader';

export interface MetricsReaderOptions extends IssueOptions {
  readonly transport: KubeTransport;
  readonly namespace: string;
  readonly trust: TrustContent;
  readonly metadata: Owned;
  readonly signal: AbortSignal;
}

/**
 * Keeps the Secret of the metrics reader: a certificate that is renewed in time, with the CAs to trust beside it.
 * @returns the certificate that it holds now. @throws ApiError, EndedAuthorityError
 */
export const keepMetricsReader = async (options: MetricsReaderOptions): Promise<KeyedLeaf> => {
  const { transport, namespace, trust, metadata, signal, now } = options;
  const trustText = trust.data[trustKey] ?? '';
  const known = await readSecret(options);
  const held = known === undefined ? undefined : heldLeaf(known);
  const isGood = held !== undefined && now < renewLeafAt(held, parseCertificates(trustText));
  if (isGood && known !== undefined && text(known, 'ca.crt') === trustText) return held;
  const leaf = isGood ? held : issueLeaf(metricsReaderProfile, options);
  await applyObject(
    transport,
    secrets,
    {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { ...metadata, namespace, name: metricsReaderSecret },
      type: 'kubernetes.io/tls',
      data: { 'tls.crt': base64(leaf.certificateText), 'tls.key': base64(leaf.keyText), 'ca.crt': base64(trustText) },
    },
    { fieldManager: operatorFieldManager, signal },
  );
  return leaf;
};

const readSecret = async ({ transport, namespace, signal }: MetricsReaderOptions): Promise<Secret | undefined> => {
  try {
    const path = objectPath(secrets, { namespace, name: metricsReaderSecret });
    return await transport.request<Secret>({ method: 'GET', path, verb: 'get', signal });
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
};

/** What the Secret holds; undefined where that is no certificate with its key. */
const heldLeaf = (secret: Secret): KeyedLeaf | undefined => {
  try {
    const [certificate, ...rest] = parseCertificates(text(secret, 'tls.crt') ?? '');
    const keyText = text(secret, 'tls.key') ?? '';
    if (certificate?.checkPrivateKey(createPrivateKey(keyText)) !== true) return undefined;
    const chain = [certificate, ...rest] as const;
    return { chain, certificateText: certificatesText(chain), keyText };
  } catch {
    return undefined;
  }
};
