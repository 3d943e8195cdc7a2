import type { KubeObject } from './kube-object.ts';

/** A coordination.k8s.io/v1 Lease as its JSON is. */
export interface Lease extends KubeObject {
  readonly spec?: LeaseSpec;
}

export interface LeaseSpec {
  /** Who leads; '' or absent: nobody. */
  readonly holderIdentity?: string;
  readonly leaseDurationSeconds?: number;
  readonly acquireTime?: string;
  readonly renewTime?: string;
  /** Rises with every acquisition: the fence. */
  readonly leaseTransitions?: number;
}
