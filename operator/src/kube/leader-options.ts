import type { Clock, Logger } from '@nodetask/shared';
import type { KubeMetrics } from './kube-metrics.ts';
import type { KubeTransport } from './kube-transport.ts';
import type { LeaseMetadata } from './lease-client.ts';

export interface LeaderElectorOptions {
  readonly transport: KubeTransport;
  readonly lease: { readonly namespace: string; readonly name: string };
  /** Unique for each start of a process: pod name and a random part. */
  readonly identity: string;
  readonly clock: Clock;
  readonly random: () => number;
  readonly logger: Logger;
  readonly metrics: KubeMetrics;
  readonly leaseMetadata?: LeaseMetadata;
  /** The Lease is one of the past: what the cluster has stored was put back to an earlier state. */
  readonly onPast?: () => void;
  readonly timings?: Partial<LeaderTimings>;
}

/** Milliseconds. */
export interface LeaderTimings {
  /** Others wait so long without seeing a change before they take over. */
  readonly leaseDurationMs: number;
  /** A leader that could not renew for so long gives up. Less than leaseDurationMs: the work has the difference to stop in. */
  readonly renewDeadlineMs: number;
  /** Between two looks of one that waits, plus up to a fifth: so soon it follows a leader that gave the Lease back. */
  readonly acquirePeriodMs: number;
  /** Between two renewals, plus up to a fifth. */
  readonly renewPeriodMs: number;
  /** How long the work may go on after a stop was asked for. */
  readonly drainMs: number;
  /** How long aborted work may take to end before it is given up and run() rejects all the same. */
  readonly abandonMs: number;
}

export const defaultLeaderTimings: LeaderTimings = {
  leaseDurationMs: 15_000,
  renewDeadlineMs: 10_000,
  acquirePeriodMs: 500,
  renewPeriodMs: 2000,
  drainMs: 15_000,
  abandonMs: 5000,
};

/** Adds the defaults. Throws when the times do not fit together. */
export const completeTimings = (timings: Partial<LeaderTimings> = {}): LeaderTimings => {
  const complete = { ...defaultLeaderTimings, ...timings };
  const { leaseDurationMs, renewDeadlineMs, renewPeriodMs } = complete;
  if (leaseDurationMs <= renewDeadlineMs || renewDeadlineMs <= renewPeriodMs * 1.2) {
    throw new Error(
      `leader election: leaseDurationMs (${String(leaseDurationMs)}) must be more than renewDeadlineMs (${String(renewDeadlineMs)}), ` +
        `and that more than 1.2 times renewPeriodMs (${String(renewPeriodMs)})`,
    );
  }
  return complete;
};
