import type { Clock } from '@nodetask/shared';
import { isAlreadyExists, isConflict } from './kube/api-error.ts';
import type { KubeTransport } from './kube/kube-transport.ts';
import { LeaseClient, type LeaseMetadata } from './kube/lease-client.ts';
import { transitionsOfNewLease } from './kube/lease.ts';

export interface TakeFenceOptions {
  readonly transport: KubeTransport;
  readonly lease: { readonly namespace: string; readonly name: string };
  readonly identity: string;
  readonly clock: Clock;
  readonly leaseMetadata?: LeaseMetadata;
}

const callMs = 10_000;
const maxTries = 10;

export interface TakenFence {
  readonly fence: number;
  /** Gives the Lease back, so that others need not wait until it has run out. Rejects where somebody else has it by now. */
  readonly release: () => Promise<void>;
}

/**
 * The fence of an operator that runs alone: takes the Lease once from whoever has it, and never renews it. Agents then refuse every
 * operator that was there before; one that takes part in leader election sees that its Lease is taken, and ends.
 */
export const takeFence = async (options: TakeFenceOptions, signal: AbortSignal): Promise<TakenFence> => {
  const client = new LeaseClient({ ...options, leaseDurationMs: 15_000 });
  const { clock } = options;
  for (let tries = 1; ; tries++) {
    const seen = await client.get(callMs, signal);
    const fence = (seen?.spec?.leaseTransitions ?? transitionsOfNewLease(clock.now())) + 1;
    try {
      const taken = await client.take(seen, fence, callMs);
      return {
        fence,
        release: async () => {
          await client.release(taken, callMs);
        },
      };
    } catch (error) {
      if ((!isConflict(error) && !isAlreadyExists(error)) || tries >= maxTries) throw error;
    }
  }
};
