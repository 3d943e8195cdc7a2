import type { GetObjectCommandOutput } from '@aws-sdk/client-s3';
import type { Readable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { abortReason, type ErrorCode, sleep, TaskError } from '@nodetask/shared';
import { waitFor } from '../outside-waits.ts';
import { totalOf } from './head-object.ts';
import type { ObjectChecksum } from './checksums/stored-checksum.ts';
import type { DownloadOptions, ObjectInfo } from './object-store.ts';
import { runningChecksum } from './checksums/running-checksum.ts';
import { isStrong, otherVersion } from './object-version.ts';
import type { StoreCalls } from './store-calls.ts';

const defaultPartBytes = 4 * 1024 * 1024;
/** Enough that a store which reads from its disk is not waited for. */
const defaultParts = 8;
/** Tries of one range, beyond those that the SDK makes before an answer begins. */
const maxTries = 5;
/** Of silence in the middle of an answer. */
const stallMs = 30_000;

/**
 * Fetches an object by ranges: a few at once, handed on in order. Each has `If-Match`, so that bytes of two versions never mix, its own
 * tries, and its length checked. Without a strong ETag the store's other words on the version are compared. The checksum that the store keeps is compared at the end. Ranges in flight and waiting are bounded, so a slow reader slows the download.
 */
export async function* rangedDownload(
  calls: StoreCalls,
  object: ObjectInfo,
  options: DownloadOptions,
): AsyncGenerator<Buffer, void, undefined> {
  const { buffers, parts = defaultParts } = options;
  const partBytes = buffers?.bytes ?? options.partBytes ?? defaultPartBytes;
  // Ends the ranges in flight when the reader leaves early or one of them fails.
  const left = new AbortController();
  const signal = AbortSignal.any([options.signal, left.signal]);
  const window: Promise<Buffer>[] = [];
  let next = 0;
  const checksum = options.isHashed === true ? undefined : object.checksum;
  const sum = checksum === undefined ? undefined : runningChecksum(checksum);
  const fill = (): void => {
    while (window.length < parts && next < object.bytes) {
      const end = Math.min(next + partBytes, object.bytes);
      const into = buffers?.take().subarray(0, end - next) ?? Buffer.allocUnsafeSlow(end - next);
      const range = { start: next, end, into };
      const fetched = waitFor(
        () => `bytes ${range.start} to ${range.end - 1} of ${calls.describe(object.key)}`,
        async () => fetchRange(calls, object, range, signal),
      );
      // Awaited in its turn; until then a failure must not count as unhandled.
      fetched.catch(() => undefined);
      window.push(fetched);
      next = end;
    }
  };
  try {
    for (fill(); window.length > 0; fill()) {
      const [first] = window;
      if (first !== undefined) {
        const piece = await first;
        sum?.update(piece);
        yield piece;
      }
      // Only now: while its bytes wait for the reader, it counts as one of the parts in memory.
      void window.shift();
    }
    if (checksum !== undefined) refuseOtherSum(calls, object, checksum, sum?.end());
  } finally {
    left.abort(new Error('the download has ended'));
    await Promise.allSettled(window);
  }
}

const refuseOtherSum = (
  calls: StoreCalls,
  { key, etag }: ObjectInfo,
  { algorithm, value }: ObjectChecksum,
  sum: string | undefined,
): void => {
  if (value === sum) return;
  const isOneVersion = etag !== undefined && isStrong(etag);
  throw new TaskError(
    'object-changed',
    `${calls.describe(key)}: what arrived has the ${algorithm} ${sum ?? ''}, and the store says ${value}: it ${isOneVersion ? 'is damaged in the store, or was on its way' : 'was replaced meanwhile, or is damaged'}`,
  );
};

interface Range {
  readonly start: number;
  /** Exclusive. */
  readonly end: number;
  /** Memory for just these bytes. */
  readonly into: Buffer;
}

const fetchRange = async (
  calls: StoreCalls,
  object: ObjectInfo,
  range: Range,
  signal: AbortSignal,
): Promise<Buffer> => {
  for (let tries = 1; ; tries++) {
    try {
      return await fetchOnce(calls, object, range, signal);
    } catch (error) {
      if (signal.aborted) throw abortReason(signal);
      const again = error instanceof TaskError && error.code === 'object-store-unreachable';
      if (!again || tries >= maxTries) throw error;
      await sleep(calls.clock, 200 * 2 ** tries, signal);
    }
  }
};

const fetchOnce = async (
  calls: StoreCalls,
  object: ObjectInfo,
  { start, end, into }: Range,
  signal: AbortSignal,
): Promise<Buffer> => {
  const { key, etag } = object;
  const call = { verb: `read bytes ${start} to ${end - 1} of`, key, signal };
  const answer = await calls.send(call, ({ sdk, client }, abortSignal) =>
    client.send(
      new sdk.GetObjectCommand({
        Bucket: calls.location.bucket,
        Key: key,
        Range: `bytes=${start}-${end - 1}`,
        ...(etag !== undefined && isStrong(etag) ? { IfMatch: etag } : {}),
      }),
      { abortSignal },
    ),
  );
  const body = answer.Body as Readable;
  const fault = faultOf(object, { start, end }, answer);
  if (fault !== undefined) {
    body.on('error', () => undefined).destroy();
    throw new TaskError(fault.code, `${calls.describe(key)}: for bytes ${start} to ${end - 1} ${fault.what}`);
  }
  try {
    await readBody(calls, body, into, signal);
    return into;
  } catch (error) {
    throw calls.errorOf(call, error);
  }
};

/** How an answer is not what was asked for: a store may ignore Range or If-Match. */
const faultOf = (
  object: ObjectInfo,
  { start, end }: Omit<Range, 'into'>,
  { ETag, LastModified, ContentLength, ContentRange, $metadata }: GetObjectCommandOutput,
): { readonly code: ErrorCode; readonly what: string } | undefined => {
  const answered = { etag: ETag, modifiedAt: LastModified?.getTime(), bytes: totalOf(ContentRange) };
  const other = otherVersion(object, answered);
  if (other !== undefined) return { code: 'object-changed', what: `the store answers with ${other}` };
  const isWhole = start === 0 && end === object.bytes && $metadata.httpStatusCode === 200;
  if ($metadata.httpStatusCode !== 206 && !isWhole) {
    const what = 'the store answers with the whole object: use one that knows ranges, or check endpoint';
    return { code: 'object-store-invalid', what };
  }
  // The answer may have no length. What arrives is counted, whatever it says.
  if ((ContentLength ?? end - start) === end - start && !isOtherRange(ContentRange, start, end)) return undefined;
  const what = `the store answers with ${ContentRange ?? `${ContentLength ?? 0} bytes`}: check endpoint`;
  return { code: 'object-store-invalid', what };
};

const isOtherRange = (contentRange: string | undefined, start: number, end: number): boolean =>
  contentRange !== undefined && !contentRange.startsWith(`bytes ${start}-${end - 1}/`);

/** Copies an answer, as it comes, into the memory that it is to fill. */
const readBody = async (
  { clock, transferred }: StoreCalls,
  body: Readable,
  into: Buffer,
  signal: AbortSignal,
): Promise<void> => {
  let arrived = 0;
  const onStall = (): void => {
    body.destroy(new Error(`no byte arrived for ${stallMs / 1000} s, after ${arrived} of ${into.length}`));
  };
  const onAbort = (): void => {
    body.destroy(abortReason(signal));
  };
  let timedAt = clock.monotonic();
  let cancelTimer = clock.setTimer(stallMs, onStall);
  signal.addEventListener('abort', onAbort, { once: true });
  if (signal.aborted) onAbort();
  body.on('data', (chunk: Buffer) => {
    chunk.copy(into, arrived);
    arrived += chunk.length;
    giveBackChunk(chunk);
    // The timer is not set anew for each of thousands of chunks.
    if (clock.monotonic() - timedAt < stallMs / 8) return;
    timedAt = clock.monotonic();
    cancelTimer();
    cancelTimer = clock.setTimer(stallMs, onStall);
  });
  try {
    await finished(body, { writable: false });
  } finally {
    cancelTimer();
    signal.removeEventListener('abort', onAbort);
    body.destroy();
    transferred('download', arrived);
  }
  if (arrived !== into.length) throw new Error(`${arrived} of ${into.length} bytes arrived`);
};

/** Of the thousands that make one answer each has memory of its own; left to the collector, it would run all the time. */
const giveBackChunk = ({ buffer, byteLength }: Buffer): void => {
  if (buffer instanceof ArrayBuffer && buffer.byteLength === byteLength) buffer.transfer(0);
};
