import type { ObjectName } from './kube-object.ts';

/** A kind of object as the API server's URLs name it. */
export interface ResourceType {
  /** '' for the core group. */
  readonly group: string;
  readonly version: string;
  /** Lower-case plural: `pods`, `nodetasks`. */
  readonly plural: string;
}

export const pods: ResourceType = { group: '', version: 'v1', plural: 'pods' };
export const leases: ResourceType = { group: 'coordination.k8s.io', version: 'v1', plural: 'leases' };
export const events: ResourceType = { group: 'events.k8s.io', version: 'v1', plural: 'events' };
export const secrets: ResourceType = { group: '', version: 'v1', plural: 'secrets' };
export const configMaps: ResourceType = { group: '', version: 'v1', plural: 'configmaps' };
export const tokenReviews: ResourceType = { group: 'authentication.k8s.io', version: 'v1', plural: 'tokenreviews' };
export const clusterRoles: ResourceType = { group: 'rbac.authorization.k8s.io', version: 'v1', plural: 'clusterroles' };
export const mutatingWebhookConfigurations: ResourceType = {
  group: 'admissionregistration.k8s.io',
  version: 'v1',
  plural: 'mutatingwebhookconfigurations',
};

/** Path of all objects of a type, in one namespace or in all. */
export const collectionPath = ({ group, version, plural }: ResourceType, namespace?: string): string => {
  const root = group === '' ? `/api/${version}` : `/apis/${group}/${version}`;
  const scope = namespace === undefined ? '' : `/namespaces/${encodeURIComponent(namespace)}`;
  return `${root}${scope}/${plural}`;
};

/** Path of one object, or of its subresource. */
export const objectPath = (type: ResourceType, { namespace, name }: ObjectName, subresource?: string): string => {
  const path = `${collectionPath(type, namespace)}/${encodeURIComponent(name)}`;
  return subresource === undefined ? path : `${path}/${subresource}`;
};
