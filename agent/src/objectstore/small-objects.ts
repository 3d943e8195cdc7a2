import type { Readable } from 'node:stream';
import { readBounded } from '@nodetask/runtime/foreign-bytes';
import { TaskError } from '@nodetask/shared';
import type { CallOptions, GetSmallOptions, ObjectInfo, PutOptions, SmallObject } from './object-store.ts';
import type { StoreCalls } from './store-calls.ts';
import { isMissingObject } from './store-error.ts';

export const headObject = async (
  calls: StoreCalls,
  key: string,
  { signal }: CallOptions,
): Promise<ObjectInfo | undefined> => {
  const call = { verb: 'look at', key, signal };
  const found = await calls.send(call, async ({ sdk, client }, abortSignal) => {
    try {
      return await client.send(new sdk.HeadObjectCommand({ Bucket: calls.location.bucket, Key: key }), { abortSignal });
    } catch (error) {
      // An answer to HEAD has no body that could tell a missing bucket from a missing object: the next call does.
      if (isMissingObject(error)) return undefined;
      throw error;
    }
  });
  if (found === undefined) return undefined;
  const { ContentLength: bytes, ETag: etag } = found;
  if (bytes === undefined || etag === undefined) throw incomplete(calls, key);
  return { key, bytes, etag };
};

export const getSmallObject = async (
  calls: StoreCalls,
  key: string,
  { signal, maxBytes }: GetSmallOptions,
): Promise<SmallObject | undefined> =>
  calls.send({ verb: 'read', key, signal }, async ({ sdk, client }, abortSignal) => {
    try {
      const command = new sdk.GetObjectCommand({ Bucket: calls.location.bucket, Key: key });
      const { Body: body, ETag: etag, ContentLength: bytes } = await client.send(command, { abortSignal });
      const content = await readAtMost(body as Readable, bytes, maxBytes, calls.describe(key));
      if (etag === undefined || content === undefined) throw incomplete(calls, key);
      calls.transferred('download', content.length);
      return { etag, bytes: content };
    } catch (error) {
      if (isMissingObject(error)) return undefined;
      throw error;
    }
  });

export const putSmallObject = async (
  calls: StoreCalls,
  key: string,
  content: string | Uint8Array,
  { signal, contentType }: PutOptions,
): Promise<void> => {
  // A text would be sent as a stream of unknown length by some versions of the SDK.
  const body = typeof content === 'string' ? Buffer.from(content) : content;
  await calls.send(
    { verb: 'write', key, signal, budgetMs: 120_000 + body.length / 32 },
    ({ sdk, client }, abortSignal) =>
      client.send(
        new sdk.PutObjectCommand({ Bucket: calls.location.bucket, Key: key, Body: body, ContentType: contentType }),
        { abortSignal },
      ),
  );
  calls.transferred('upload', body.length);
};

/** Undefined where the store does not say how large the object is. */
const readAtMost = async (
  body: Readable,
  bytes: number | undefined,
  maxBytes: number,
  where: string,
): Promise<Buffer | undefined> => {
  if (bytes === undefined || bytes > maxBytes) {
    body.destroy();
    if (bytes === undefined) return undefined;
    throw new TaskError(
      'object-store-invalid',
      `${where} has ${bytes} bytes, and at most ${maxBytes} are expected there`,
    );
  }
  const content = await readBounded(body, maxBytes);
  if (content.length !== bytes) throw new Error(`${content.length} of ${bytes} bytes arrived`);
  return content;
};

export const incomplete = (calls: StoreCalls, key: string): TaskError =>
  new TaskError(
    'object-store-invalid',
    `${calls.describe(key)}: the store answers without size or ETag: check endpoint`,
  );
