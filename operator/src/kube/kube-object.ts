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

/** Names one object of a known type. */
export interface ObjectName {
  /** Absent for cluster-scoped objects. */
  readonly namespace?: string;
  readonly name: string;
}

/** `namespace/name`, or `name` where there is no namespace: the key of caches and queues. */
export const objectKey = ({ namespace, name }: ObjectName): string =>
  namespace === undefined ? name : `${namespace}/${name}`;
