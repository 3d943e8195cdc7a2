import { trustKey } from '@nodetask/shared';
import type { KubeObject } from '../kube/kube-object.ts';
import { leavingAnnotation, leavingText, readLeaving } from './leaving-annotation.ts';
import type { RetainingBundle } from './retention.ts';
import { certificatesText, parseCertificates } from './trust-bundle.ts';

/** The ConfigMap in which agents, and whoever else mounts it, find the CAs to trust. */
export interface TrustConfigMap extends KubeObject {
  readonly metadata: KubeObject['metadata'] & { readonly annotations?: Readonly<Record<string, string>> };
  readonly data?: Readonly<Record<string, string>>;
}

/** What of a ConfigMap says the bundle. */
export interface TrustContent {
  readonly data: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

export const trustContent = (bundle: RetainingBundle): TrustContent => {
  const leaving = leavingText(bundle.leaving);
  return {
    data: { [trustKey]: certificatesText(bundle.certificates) },
    annotations: leaving === undefined ? {} : { [leavingAnnotation]: leaving },
  };
};

/** Whether a ConfigMap says the same already. */
export const saysTrust = (configMap: TrustConfigMap | undefined, { data, annotations }: TrustContent): boolean =>
  configMap?.data?.[trustKey] === data[trustKey] &&
  configMap?.metadata.annotations?.[leavingAnnotation] === annotations[leavingAnnotation];

/** What a ConfigMap says; nothing where it cannot be read: it is written anew then. */
export const readTrust = (configMap: TrustConfigMap | undefined): RetainingBundle => {
  const leaving = readLeaving(configMap?.metadata.annotations);
  try {
    return { certificates: parseCertificates(configMap?.data?.[trustKey] ?? ''), leaving };
  } catch {
    return { certificates: [], leaving };
  }
};
