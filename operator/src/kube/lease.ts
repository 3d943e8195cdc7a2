import { newLeaseSince } from '@nodetask/shared';
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

/**
 * What the transitions of a Lease that is made anew count on from: the seconds since 2020, so that it has had more than any Lease before it, which was perhaps
 * deleted with the rest of an installation. Terms are longer than a second. An int32 holds them until 2088.
 */
export const transitionsOfNewLease = (now: number): number => Math.max(0, Math.floor((now - newLeaseSince) / 1000));
