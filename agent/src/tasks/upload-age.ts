import { type JsonObject, momentText, TaskError } from '@nodetask/shared';

/** The newest of what a task has uploaded. */
export interface NewestUpload {
  /** As messages name the object. */
  readonly where: string;
  /** When it was complete, in milliseconds since the epoch. */
  readonly at: number;
}

export interface AgeQuestion {
  /** Param of the task: without it nothing is too old. */
  readonly maxAgeSeconds: number | undefined;
  readonly newest: NewestUpload | undefined;
  readonly now: number;
  /** Where uploads go, for messages. */
  readonly place: string;
  /** Why this run uploads nothing newer. */
  readonly why: string;
  /** Of the run so far. */
  readonly output: JsonObject;
}

/** Throws TaskError `upload-too-old` where the newest upload is older than it may be, or there is none. */
export const refuseOldUpload = ({ maxAgeSeconds, newest, now, place, why, output }: AgeQuestion): void => {
  if (maxAgeSeconds === undefined) return;
  if (newest === undefined) {
    throw new TaskError(
      'upload-too-old',
      `nothing is uploaded at ${place} yet, and the newest upload may be ${maxAgeSeconds} s old (maxAgeSeconds); ${why}`,
      { output },
    );
  }
  const ageSeconds = Math.floor((now - newest.at) / 1000);
  if (ageSeconds <= maxAgeSeconds) return;
  throw new TaskError(
    'upload-too-old',
    `the newest upload, ${newest.where} of ${momentText(newest.at)}, is ${ageSeconds} s old, and may be ${maxAgeSeconds} s old (maxAgeSeconds); ${why}`,
    { output: { ...output, newestUpload: newest.where, newestUploadAt: new Date(newest.at).toISOString() } },
  );
};
