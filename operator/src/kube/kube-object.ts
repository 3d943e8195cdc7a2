/** What this folder needs to know of an object. Real types (NodeTask, Pod, Lease) have more. */
export interface KubeObject {
  readonly metadata: {
    readonly name: string;
    /** Absent on cluster-scoped objects. */
    readonly namespace?: string;
    readonly uid: string;
    /** Opaque: compared for equality, never ordered. */
    readonly resourceVersion: string;
  };
}

/** The longest name of an object is 253 characters. UIDs and versions are shorter. */
const maxIdentityCharacters = 253;

/** True if an item of a list or an event is an object that can be cached: its name, UID and version are there. */
export const isKubeObject = (value: unknown): value is KubeObject => {
  const metadata = (value as { readonly metadata?: { readonly [field: string]: unknown } | null } | null)?.metadata;
  if (typeof metadata !== 'object' || metadata === null) return false;
  const { name, namespace, uid, resourceVersion } = metadata;
  return [name, uid, resourceVersion].every(isIdentity) && (namespace === undefined || isIdentity(namespace));
};

export const isResourceVersion = (value: unknown): value is string => isIdentity(value);

const isIdentity = (value: unknown): value is string =>
  typeof value === 'string' && value !== '' && value.length <= maxIdentityCharacters;

/** Names one object of a known type. */
export interface ObjectName {
  /** Absent for cluster-scoped objects. */
  readonly namespace?: string;
  readonly name: string;
}

/** `namespace/name`, or `name` where there is no namespace: the key of caches and queues. */
export const objectKey = ({ namespace, name }: ObjectName): string =>
  namespace === undefined ? name : `${namespace}/${name}`;
