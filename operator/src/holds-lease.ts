import type { Clock, Logger } from '@nodetask/shared';
import type { KubeTransport } from './kube/kube-transport.ts';
import { LeaseClient } from './kube/lease-client.ts';

export interface HoldsLeaseOptions {
  readonly transport: KubeTransport;
  readonly lease: { readonly namespace: string; readonly name: string };
  /** Of this process, in the Lease. */
  readonly identity: string;
  readonly fence: number;
  readonly clock: Clock;
  readonly logger: Logger;
}

const callMs = 5_000;
/** Whoever asks in a hurry, as an agent can make it, gets the last answer. */
const maxAgeMs = 1_000;

/**
 * Whether this process holds the Lease, as the API server says; at most a second old. True too where that does not answer: who cannot renew the Lease loses
 * it by itself, in time, and nothing else is to end a leader on the word of an agent alone.
 */
export const holdsLease = (options: HoldsLeaseOptions): ((signal: AbortSignal) => Promise<boolean>) => {
  const { clock, logger } = options;
  let last: { readonly at: number; readonly answer: Promise<boolean> } | undefined;
  const look = async (signal: AbortSignal): Promise<boolean> => {
    try {
      const lease = await new LeaseClient({ ...options, leaseDurationMs: 0 }).get(callMs, signal);
      return lease?.spec?.holderIdentity === options.identity && lease.spec.leaseTransitions === options.fence;
    } catch (error) {
      if (signal.aborted) throw error;
      logger.warn('an agent says that another operator leads, and the Lease cannot be read', { error });
      return true;
    }
  };
  return async (signal) => {
    if (last === undefined || clock.monotonic() - last.at >= maxAgeMs) {
      last = { at: clock.monotonic(), answer: look(signal) };
    }
    return last.answer;
  };
};
