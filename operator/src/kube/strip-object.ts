import type { KubeObject } from './kube-object.ts';

/** Annotation in which client-side `kubectl apply` keeps a copy of the whole object. */
const lastApplied = 'kubectl.kubernetes.io/last-applied-configuration';

interface Strippable {
  managedFields?: unknown;
  annotations?: Record<string, string> | null;
}

/** Drops what no controller reads and what often makes up most of an object: managedFields and kubectl's last-applied copy. */
export const stripObject = <T extends KubeObject>(object: T): T => {
  const { managedFields: _, annotations, ...metadata } = object.metadata as T['metadata'] & Strippable;
  if (annotations === undefined || annotations === null) return { ...object, metadata };
  const { [lastApplied]: __, ...kept } = annotations;
  return { ...object, metadata: { ...metadata, annotations: kept } };
};
