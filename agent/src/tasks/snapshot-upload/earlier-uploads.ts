import { type Logger, TaskError } from '@nodetask/shared';
import { readSeictlUploaded, type SeictlUploaded } from '../../node/seictl-files.ts';
import type { ObjectStoreLocation } from '../../objectstore/location.ts';
import type { KeptUpload } from '../kept-upload.ts';
import type { SnapshotOptions } from '../snapshot/snapshot-handler.ts';
import { UploadRecord } from './upload-record.ts';

/** The files about uploads before this run. One that cannot be used is told, and fails no upload: at worst, a snapshot is uploaded once more. */
export interface EarlierUploads {
  /** Of seictl, as long as the agent has uploaded nothing to the destination itself. */
  readonly seictl: SeictlUploaded | undefined;
  /** For warnings. */
  readonly doubts: readonly string[];
}

type Files = Pick<SnapshotOptions, 'home' | 'clock'>;

export const readEarlierUploads = async (
  location: ObjectStoreLocation,
  logger: Logger,
  { home }: Files,
): Promise<EarlierUploads> => {
  let seictl: SeictlUploaded | undefined;
  const doubts = await doubtsOf(logger, async () => {
    const kept = await new UploadRecord(home.stateFolder, location).read();
    const isOwn = kept !== undefined && kept.by === undefined;
    if (!isOwn) seictl = await readSeictlUploaded(home);
  });
  return { seictl, doubts };
};

/** Keeps the newest upload for metrics. Answers warnings. */
export const keepUpload = (
  newest: KeptUpload | undefined,
  location: ObjectStoreLocation,
  logger: Logger,
  { home, clock }: Files,
): Promise<readonly string[]> =>
  doubtsOf(logger, async () => {
    if (newest !== undefined) await new UploadRecord(home.stateFolder, location).write(newest, clock.now());
  });

const doubtsOf = async (logger: Logger, work: () => Promise<void>): Promise<readonly string[]> => {
  try {
    await work();
    return [];
  } catch (error) {
    if (!(error instanceof TaskError)) throw error;
    logger.warn('a file about earlier uploads cannot be used', { error });
    return [error.message];
  }
};
