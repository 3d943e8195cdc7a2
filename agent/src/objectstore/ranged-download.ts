import type { Readable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { abortReason, sleep, TaskError } from '@nodetask/shared';
import type { DownloadOptions, ObjectInfo } from './object-store.ts';
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
 * tries, and its length checked. Ranges in flight and waiting are bounded, so a slow reader slows the download.
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
  const fill = (): void => {
    while (window.length < parts && next < object.bytes) {
      const end = Math.min(next + partBytes, object.bytes);
      const into = buffers?.take().subarray(0, end - next) ?? Buffer.allocUnsafeSlow(end - next);
      const fetched = fetchRange(calls, object, { start: next, end, into }, signal);
      // Awaited in its turn; until then a failure must not count as unhandled.
      fetched.catch(() => undefined);
      window.push(fetched);
      next = end;
    }
  };
  try {
    for (fill(); window.length > 0; fill()) {
      const [first] = window;
      if (first !== undefined) yield await first;
      // Only now: while its bytes wait for the reader, it counts as one of the parts in memory.
      void window.shift();
    }
  } finally {
    left.abort(new Error('the download has ended'));
    await Promise.allSettled(window);
  }
}

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
  { key, etag }: ObjectInfo,
  { start, end, into }: Range,
  signal: AbortSignal,
): Promise<Buffer> => {
  const call = { verb: `read bytes ${start} to ${end - 1} of`, key, signal };
  const answer = await calls.send(call, ({ sdk, client }, abortSignal) =>
    client.send(
      new sdk.GetObjectCommand({
        Bucket: calls.location.bucket,
        Key: key,
        Range: `bytes=${start}-${end - 1}`,
        IfMatch: etag,
      }),
      { abortSignal },
    ),
  );
  const body = answer.Body as Readable;
  // A store that ignores Range or If-Match answers with other bytes than were asked for.
  if (answer.ETag !== etag || answer.ContentLength !== end - start || answer.$metadata.httpStatusCode !== 206) {
    body.destroy();
    const what = `ETag ${answer.ETag ?? '–'} and ${answer.ContentLength ?? 0} bytes for bytes ${start} to ${end - 1} of ETag ${etag}`;
    if (answer.ETag !== etag)
      throw new TaskError('object-changed', `${calls.describe(key)}: the store answers ${what}`);
    throw new TaskError('object-store-invalid', `${calls.describe(key)}: the store answers ${what}: check endpoint`);
  }
  try {
    await readBody(calls, body, into, signal);
    return into;
  } catch (error) {
    throw calls.errorOf(call, error);
  }
};

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
