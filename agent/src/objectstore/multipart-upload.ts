import { abortReason, sleep, TaskError } from '@nodetask/shared';
import { BufferPool } from '../buffer-pool.ts';
import { abortUpload } from './discard-uploads.ts';
import type { UploadedObject, UploadOptions } from './object-store.ts';
import { isTooManyParts, planParts } from './part-size.ts';
import type { S3 } from './s3-client.ts';
import { putSmallObject } from './small-objects.ts';
import type { StoreCalls } from './store-calls.ts';

/**
 * Streams into an object: in one request where everything fits into one part, else as a multipart upload, whose parts are sent while the
 * next is filled. An upload that fails or is aborted is discarded at the store before the error is handed on.
 */
export const uploadStream = async (
  calls: StoreCalls,
  key: string,
  content: AsyncIterable<Uint8Array>,
  options: UploadOptions,
): Promise<UploadedObject> => {
  const { partBytes, parallel } = planParts(options.expectedBytes);
  const buffers = new BufferPool(partBytes);
  const parts = cutParts(content, buffers, options.signal);
  const first = await parts.next();
  if (first.done === true) throw new Error('a stream without a part');
  const { buffer, bytes } = first.value;
  if (bytes < partBytes) {
    await putSmallObject(calls, key, buffer.subarray(0, bytes), options);
    options.onProgress?.(bytes);
    return { key, bytes };
  }
  const upload = new MultipartUpload(calls, key, options, buffers);
  try {
    await upload.begin();
    await upload.send(first.value, parallel);
    for await (const part of parts) await upload.send(part, parallel);
    return { key, bytes: await upload.complete() };
  } catch (error) {
    await parts.return();
    throw await upload.discard(error);
  }
};

interface Part {
  /** All of it is given back when the part has been sent. */
  readonly buffer: Buffer;
  readonly bytes: number;
}

/** Parts that fill their buffers, but for the last; at least one, which may be empty. */
async function* cutParts(
  content: AsyncIterable<Uint8Array>,
  buffers: BufferPool,
  signal: AbortSignal,
): AsyncGenerator<Part, void, undefined> {
  let buffer = buffers.take();
  let bytes = 0;
  let any = false;
  for await (const chunk of content) {
    signal.throwIfAborted();
    for (let from = 0; from < chunk.length;) {
      const piece = chunk.subarray(from, from + buffer.length - bytes);
      buffer.set(piece, bytes);
      bytes += piece.length;
      from += piece.length;
      if (bytes < buffer.length) continue;
      yield { buffer, bytes };
      any = true;
      buffer = buffers.take();
      bytes = 0;
    }
  }
  if (bytes > 0 || !any) yield { buffer, bytes };
}

interface SentPart {
  readonly PartNumber: number;
  readonly ETag: string;
}

class MultipartUpload {
  readonly #calls: StoreCalls;
  readonly #key: string;
  readonly #options: UploadOptions;
  readonly #buffers: BufferPool;
  readonly #sent: SentPart[] = [];
  readonly #sending = new Set<Promise<void>>();
  /** Ends the parts in flight when one of them fails. */
  readonly #failed = new AbortController();
  readonly #signal: AbortSignal;
  #id: string | undefined;
  #parts = 0;
  #bytes = 0;

  constructor(calls: StoreCalls, key: string, options: UploadOptions, buffers: BufferPool) {
    this.#buffers = buffers;
    this.#calls = calls;
    this.#key = key;
    this.#options = options;
    this.#signal = AbortSignal.any([options.signal, this.#failed.signal]);
  }

  async begin(): Promise<void> {
    const answer = await this.#call('begin the upload of', undefined, ({ sdk, client }, abortSignal) =>
      client.send(new sdk.CreateMultipartUploadCommand({ ...this.#object(), ContentType: this.#options.contentType }), {
        abortSignal,
      }),
    );
    if (answer.UploadId === undefined) {
      throw new TaskError(
        'object-store-invalid',
        `${this.#calls.describe(this.#key)}: the store begins an upload without an id: check endpoint`,
      );
    }
    this.#id = answer.UploadId;
  }

  /** Resolves when there is room for one more part. */
  async send(part: Part, parallel: number): Promise<void> {
    const number = ++this.#parts;
    if (isTooManyParts(number)) {
      throw new TaskError(
        'object-store-invalid',
        `${this.#calls.describe(this.#key)} needs more parts than an upload may have: it is larger than expected`,
      );
    }
    const sending = this.#sendPart(part, number)
      .catch((error: unknown) => {
        this.#failed.abort(error);
      })
      .finally(() => {
        this.#sending.delete(sending);
      });
    this.#sending.add(sending);
    if (this.#sending.size >= parallel) await Promise.race(this.#sending);
    this.#throwIfFailed();
  }

  /** Answers the size of the object. */
  async complete(): Promise<number> {
    await Promise.all(this.#sending);
    this.#throwIfFailed();
    const Parts = this.#sent.toSorted((a, b) => a.PartNumber - b.PartNumber);
    await this.#call('complete the upload of', completeBudgetMs, ({ sdk, client }, abortSignal) =>
      client.send(
        new sdk.CompleteMultipartUploadCommand({
          ...this.#object(),
          UploadId: this.#id,
          MultipartUpload: { Parts },
        }),
        { abortSignal },
      ),
    );
    return this.#bytes;
  }

  /** Answers the error to throw. Cleaning up has its own budget: the task's signal may have ended already. */
  async discard(reason: unknown): Promise<unknown> {
    const inFlight = this.#sending.size > 0;
    this.#failed.abort(reason);
    await Promise.all(this.#sending);
    if (this.#id === undefined) return reason;
    const { clock } = this.#calls;
    const deadline = clock.monotonic() + (this.#options.signal.aborted ? cancelledBudgetMs : discardBudgetMs);
    const { signal } = new AbortController();
    try {
      // A part that the store was still taking may bring the upload back: then it is discarded again, until the store knows it no more.
      for (let pauseMs = 50; ; pauseMs *= 2) {
        const budgetMs = deadline - clock.monotonic();
        const wasThere = await abortUpload(this.#calls, this.#key, this.#id, { signal, budgetMs });
        if (!wasThere || !inFlight || clock.monotonic() + pauseMs > deadline) break;
        await sleep(clock, pauseMs);
      }
    } catch {
      // The first error is the one that matters; the next upload of this key discards what is left of this one.
    }
    return reason;
  }

  async #sendPart({ buffer, bytes }: Part, number: number): Promise<void> {
    const body = buffer.subarray(0, bytes);
    const sha256 = await sha256Beside(body);
    const budgetMs = 120_000 + bytes / 32;
    const answer = await this.#call(`upload part ${number} of`, budgetMs, ({ sdk, client }, abortSignal) => {
      const command = new sdk.UploadPartCommand({
        ...this.#object(),
        UploadId: this.#id,
        PartNumber: number,
        Body: body,
      });
      // The signature covers this hash, so the store refuses a part that was changed on its way. The SDK would
      // compute it on the main thread, which holds up everything else.
      command.middlewareStack.add(
        (next) => (args) => {
          (args.request as { readonly headers: Record<string, string> }).headers['x-amz-content-sha256'] = sha256;
          return next(args);
        },
        { step: 'build', name: 'payloadHash' },
      );
      return client.send(command, { abortSignal });
    });
    if (answer.ETag === undefined) {
      throw new TaskError(
        'object-store-invalid',
        `${this.#calls.describe(this.#key)}: the store takes a part and gives it no ETag: check endpoint`,
      );
    }
    this.#sent.push({ PartNumber: number, ETag: answer.ETag });
    this.#buffers.give(buffer);
    this.#bytes += bytes;
    this.#calls.transferred('upload', bytes);
    this.#options.onProgress?.(this.#bytes);
  }

  #object(): { readonly Bucket: string; readonly Key: string } {
    return { Bucket: this.#calls.location.bucket, Key: this.#key };
  }

  #call<T>(
    verb: string,
    budgetMs: number | undefined,
    request: (s3: S3, signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const call = { verb, key: this.#key, signal: this.#signal, ...(budgetMs === undefined ? {} : { budgetMs }) };
    return this.#calls.send(call, request);
  }

  #throwIfFailed(): void {
    if (this.#failed.signal.aborted) throw abortReason(this.#failed.signal);
    this.#options.signal.throwIfAborted();
  }
}

/** Stores that keep parts as files join them now. */
const completeBudgetMs = 15 * 60_000;
const discardBudgetMs = 30_000;
/** Who cancels waits for the end. */
const cancelledBudgetMs = 1_500;

/** The SHA-256 in hex, computed beside the main thread. `bytes` must not lie in shared memory. */
const sha256Beside = async (bytes: Buffer): Promise<string> =>
  Buffer.from(await crypto.subtle.digest('SHA-256', bytes as Buffer<ArrayBuffer>)).toString('hex');
