import { randomUUID } from 'node:crypto';
import type { Clock, Logger } from '@nodetask/shared';
import type { OperatorConfig } from './config.ts';
import type { ClusterAccess } from './kube/cluster-access.ts';
import { onAbort } from './kube/deadline.ts';
import type { KubeMetrics } from './kube/kube-metrics.ts';
import type { KubeTransport } from './kube/kube-transport.ts';
import type { HeldLease } from './kube/held-lease.ts';
import { LeaderElector, type OnLead } from './kube/leader-elector.ts';
import { OwnedMetadata } from './pki/owned-metadata.ts';
import { takeFence } from './take-fence.ts';

export interface LeadershipParts {
  readonly access: ClusterAccess;
  readonly transport: KubeTransport;
  readonly clock: Clock;
  readonly random: () => number;
  readonly logger: Logger;
  readonly metrics: KubeMetrics;
  /** Ends it gently. */
  readonly signal: AbortSignal;
  /** What the cluster has stored was put back to an earlier state. */
  readonly onPast: () => void;
}

/**
 * How long work that has begun may go on after a stop was asked for, and the most of the grace time that it may take: the rest is
 * for the Lease, events and connections. Short, because nobody leads meanwhile, and what is cut off is repeated by the next leader.
 */
const mostDrainMs = 1000;
const drainShare = 0.6;

/** Where the Lease is, and whatever else the operator has for itself. */
export const operatorNamespace = (
  { leaseNamespace }: Pick<OperatorConfig, 'leaseNamespace'>,
  { namespace }: Pick<ClusterAccess, 'namespace'>,
): string => leaseNamespace ?? namespace ?? 'default';

/** Runs `lead` once this process leads: after an election, or at once where it is to run alone. Either way its fence is a new one. */
export const withLeadership = async (config: OperatorConfig, parts: LeadershipParts, lead: OnLead): Promise<void> => {
  const { access, transport, clock, random, logger, metrics, signal, onPast } = parts;
  const lease = { namespace: operatorNamespace(config, access), name: config.leaseName };
  const identity = `${config.podName}_${randomUUID()}`;
  const drainMs = Math.min(mostDrainMs, config.graceMs * drainShare);
  const { ownerClusterRole: clusterRole } = config;
  const owned = new OwnedMetadata({ transport, ...(clusterRole === undefined ? {} : { clusterRole }) });
  const leaseMetadata = async () => owned.read(signal);
  const common = { transport, lease, identity, clock, random, logger, leaseMetadata, onPast };
  if (config.leaderElect) {
    await new LeaderElector({ ...common, metrics, timings: { drainMs } }).run(signal, lead);
  } else {
    await leadAlone(await takeFence(common, signal), drainMs, parts, lead);
  }
};

const leadAlone = async (
  held: HeldLease,
  drainMs: number,
  { clock, logger, metrics, signal }: LeadershipParts,
  lead: OnLead,
): Promise<void> => {
  const over = new AbortController();
  let cancelDrain: (() => void) | undefined;
  const stopListening = onAbort(signal, () => {
    cancelDrain = clock.setTimer(drainMs, () => {
      over.abort(new Error(`the work had not ended ${drainMs} ms after the stop`));
    });
  });
  metrics.leading(true);
  try {
    await lead(over.signal, held);
  } finally {
    metrics.leading(false);
    stopListening();
    cancelDrain?.();
  }
  await held.release().catch((error: unknown) => {
    logger.info('the Lease was not given back: somebody else has it, or it runs out by itself', { error });
  });
};
