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
 * The least that an acquisition counts on from: the seconds since 2020. A Lease that was deleted, or put back from a backup, so gets a higher fence than all
 * leaders before, as terms are longer than a second. An int32 holds them until 2088.
 */
export const leastTransitions = (now: number): number => Math.max(0, Math.floor((now - newLeaseSince) / 1000));

/** The fence of the next acquisition of a Lease that has had `transitions`: higher than that, and than the least. */
export const nextFence = (transitions: number, now: number): number => Math.max(transitions, leastTransitions(now)) + 1;
