import type { JsonObject } from '@nodetask/shared';
import type { ToldReport } from '../../engine/task-handler.ts';
import { nothingDone } from '../nothing-done.ts';
import { type LocalSnapshots, tellSkipped } from '../snapshot/local-snapshots.ts';
import type { SnapshotSettings } from './snapshot-settings.ts';

/** The report of a run that found no snapshot to upload: how many there are, why there are not more, and what to set. */
export const nothingToUpload = (
  reason: 'fewer-than-2-snapshots' | 'no-complete-snapshot',
  snapshots: Pick<LocalSnapshots, 'heights' | 'skipped'>,
  settings: SnapshotSettings | undefined,
): ToldReport => {
  const found = `nothing uploaded: ${whatIsThere(reason, snapshots)}`;
  const output = tellSkipped(snapshots);
  return settings?.interval === 0n
    ? nothingDone('snapshots-switched-off', `${found}, and ${switchedOff(settings)}`, output)
    : nothingDone(
        reason,
        `${found}: ${reason === 'fewer-than-2-snapshots' ? whatToSet(settings) : waitFor(settings)}`,
        output,
      );
};

const whatIsThere = (
  reason: 'fewer-than-2-snapshots' | 'no-complete-snapshot',
  { heights: { length: count }, skipped }: Pick<LocalSnapshots, 'heights' | 'skipped'>,
): string => {
  const there = count === 1 ? '1 snapshot' : `${count} snapshots`;
  if (reason === 'fewer-than-2-snapshots') return `${there} on disk, 2 are needed`;
  const [highest] = skipped;
  const why = highest === undefined ? '' : ` (${highest.height}: ${highest.why})`;
  return `${there} on disk, none is complete${why}`;
};

/** The report of a run whose snapshot is at the store already. */
export const alreadyUploaded = (
  height: number,
  output: JsonObject,
  settings: SnapshotSettings | undefined,
): ToldReport => {
  const found = `snapshot ${height}, the newest that is complete, is uploaded already`;
  return nothingDone(
    'already-uploaded',
    settings?.interval === 0n ? `${found}, and ${switchedOff(settings)}` : found,
    output,
  );
};

/** The report of a run whose snapshot is at the store as seictl left it. */
export const uploadedBySeictl = (height: number, output: JsonObject): ToldReport =>
  nothingDone(
    'already-uploaded',
    `snapshot ${height}, the newest that is complete, was uploaded by seictl, without a manifest: until the next one is uploaded, give snapshot-restore allowUnverified or its sha256`,
    output,
  );

const switchedOff = ({ path }: SnapshotSettings): string =>
  `the node takes none (snapshot-interval = 0): set state-sync.snapshot-interval in ${path} to a number of blocks, for instance 1000, and restart the node`;

const whatToSet = (settings: SnapshotSettings | undefined): string => {
  if (settings === undefined) return 'have the node take snapshots, and set snapshot-keep-recent to 2 or more';
  const { path, keepRecent } = settings;
  if (keepRecent === 1n)
    return `set state-sync.snapshot-keep-recent in ${path} to 2 or more (it is 1), and restart the node`;
  return waitFor(settings);
};

const waitFor = (settings: SnapshotSettings | undefined): string =>
  settings === undefined
    ? 'wait for the next snapshot'
    : `wait for the next snapshot, which the node takes every ${settings.interval} blocks`;
