// The manifests of the second act: the runbooks, with what must come of each.
import { is } from './outcome.ts';
import { changedKeys, hasCondition, oneShot, output, result, scheduled, succeeded } from './step.ts';
import type { Step } from './step.ts';
import { chainId, snapshotInterval } from './second-stage.ts';

const kilobytes = (bytes: unknown): string => `${(Number(bytes) / 1000).toFixed(0)} kB`;

const isSnapshot = (height: unknown): string | undefined =>
  typeof height === 'number' && height > 0 && height % snapshotInterval === 0
    ? undefined
    : `height is ${JSON.stringify(height)}, which is none of a snapshot`;

/** Applied before the first act, so that its next full minute comes while that is played. */
export const nightlyUpload: Step = {
  example: 'runbooks/nightly-snapshots/upload',
  shows: 'a snapshot uploaded by cron; its time comes while the first act is played',
  done: (task) => hasCondition(task, 'LastRunSucceeded'),
  fault: (task) =>
    scheduled(task) ?? is('outcome', result(task)?.outcome, 'changed') ?? isSnapshot(output(task)['height']),
  says: (task) =>
    `${String(output(task)['key'])}, ${kilobytes(output(task)['bytes'])}, next at ${task.status?.nextRunAt ?? 'an unknown time'}`,
  timeoutMs: 90_000,
};

export const restore: Step = oneShot({
  example: 'runbooks/nightly-snapshots/restore',
  shows: "the snapshot of the schedule, verified and unpacked into the new node's home",
  fault: (task) => succeeded(task) ?? isSnapshot(output(task)['height']),
  says: (task) => `snapshot ${String(output(task)['height'])}, SHA-256 ${String(output(task)['sha256']).slice(0, 12)}…`,
});

/** In the order in which a node needs them. */
export const newNodeSteps: readonly Step[] = [
  oneShot({
    example: 'runbooks/new-rpc-node/1-configure-genesis',
    shows: "the chain's genesis, from a node that has it",
    fault: (task) => succeeded(task) ?? is('chainId', output(task)['chainId'], chainId),
    says: (task) => `chain ${String(output(task)['chainId'])}, ${String(output(task)['bytes'])} bytes`,
  }),
  oneShot({
    example: 'runbooks/new-rpc-node/2-discover-peers',
    shows: 'every host is asked for its node id',
    fault: (task) => succeeded(task) ?? is('number of peers', peers(output(task)).length, 2),
    says: (task) =>
      peers(output(task))
        .map((peer) => peer.replace(/^(.{8}).*@/, '$1…@'))
        .join(', '),
  }),
  oneShot({
    example: 'runbooks/new-rpc-node/3-configure-state-sync',
    shows: 'a trust point on which both peers agree',
    says: (task) =>
      `height ${String(output(task)['trustHeight'])}, hash ${String(output(task)['trustHash']).slice(0, 12)}…`,
  }),
  oneShot({
    example: 'runbooks/new-rpc-node/4-config-patch',
    shows: 'what else the node needs',
    says: (task) => changedKeys(output(task)).join(', '),
  }),
  oneShot({
    example: 'runbooks/new-rpc-node/5-mark-ready',
    shows: 'lets the node start',
    says: () => 'the pod is Ready',
  }),
];

export const exportResults: Step = {
  example: 'runbooks/export-results',
  shows: 'a daemon that exports the results of every block',
  done: (task) => task.status?.phase === 'Running' && hasCondition(task, 'Ready'),
  fault: () => undefined,
  says: () => 'the daemon runs',
  timeoutMs: 30_000,
};

const peers = ({ peers: found }: Readonly<Record<string, unknown>>): readonly string[] =>
  Array.isArray(found) ? found.map(String) : [];
