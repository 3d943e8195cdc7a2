/** Limits of a multipart upload: https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html */
const maxParts = 10_000;
const minPartBytes = 5 * 1024 * 1024;
const MiB = 1024 * 1024;

/** Parts of this size are sent, several at once, unless the object is so large that they would be too many. */
const usualPartBytes = 8 * MiB;
/** Bytes of parts that may be in memory, the one being filled included. */
const memoryBytes = 64 * MiB;

export interface PartPlan {
  readonly partBytes: number;
  /** Parts that are sent at once. */
  readonly parallel: number;
}

/**
 * Parts for about `expectedBytes`: no more than nine tenths of what S3 takes, so that an estimate may be somewhat too low, and as many at once
 * as the memory for them allows. Beyond 280 GB parts grow past half of that memory and go one at a time.
 */
export const planParts = (expectedBytes: number, wantedPartBytes = usualPartBytes): PartPlan => {
  const needed = Math.ceil(expectedBytes / (maxParts * 0.9) / MiB) * MiB;
  const partBytes = Math.max(minPartBytes, wantedPartBytes, needed);
  return { partBytes, parallel: Math.min(4, Math.max(1, Math.floor(memoryBytes / partBytes) - 1)) };
};

export const isTooManyParts = (parts: number): boolean => parts > maxParts;
