import { type Clock, type Logger, sleep } from '@nodetask/shared';
import { ApiError, isAlreadyExists, isConflict } from './kube/api-error.ts';
import { Backoff } from './kube/backoff.ts';
import { HeldLease } from './kube/held-lease.ts';
import type { KubeTransport } from './kube/kube-transport.ts';
import { LeaseClient, type LeaseMetadata } from './kube/lease-client.ts';
import { nextFence } from './kube/lease.ts';

export interface TakeFenceOptions {
  readonly transport: KubeTransport;
  readonly lease: { readonly namespace: string; readonly name: string };
  readonly identity: string;
  readonly clock: Clock;
  readonly random: () => number;
  readonly logger: Logger;
  readonly leaseMetadata?: LeaseMetadata;
  readonly onPast?: () => void;
}

const callMs = 10_000;
/** Times that somebody else may be quicker. */
const maxConflicts = 10;

/**
 * The fence of an operator that runs alone: takes the Lease once from whoever has it, and never renews it. Agents then refuse every
 * operator that was there before; one that takes part in leader election sees that its Lease is taken, and ends. An API server that is away is
 * waited for until `signal` aborts, as the caches wait for it.
 * @throws ApiError where trying again does not help: no right to the Lease, or always somebody else who is quicker.
 */
export const takeFence = async (options: TakeFenceOptions, signal: AbortSignal): Promise<HeldLease> => {
  const { clock, random, logger } = options;
  const backoff = new Backoff({ initialMs: 500, maxMs: 10_000, random });
  for (let conflicts = 0; ;) {
    try {
      return await takeOnce(options, signal);
    } catch (error) {
      signal.throwIfAborted();
      if (isConflict(error) || isAlreadyExists(error)) {
        conflicts += 1;
        if (conflicts >= maxConflicts) throw error;
      } else {
        if (!(error instanceof ApiError) || !error.retriable) throw error;
        const waitMs = error.retryAfterMs ?? backoff.next();
        logger.warn('cannot take the Lease yet, trying again', { error, waitMs: Math.round(waitMs) });
        await sleep(clock, waitMs, signal);
      }
    }
  }
};

const takeOnce = async (options: TakeFenceOptions, signal: AbortSignal): Promise<HeldLease> => {
  const client = new LeaseClient({ ...options, leaseDurationMs: 15_000 });
  const seen = await client.get(callMs, signal);
  const fence = nextFence(seen?.spec?.leaseTransitions ?? 0, options.clock.now());
  const taken = await client.take(seen, fence, callMs);
  return new HeldLease({ ...options, client, callMs }, taken, fence);
};
