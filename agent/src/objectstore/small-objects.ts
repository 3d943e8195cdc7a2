import type { Readable } from 'node:stream';
import { readBounded, TooManyBytesError } from '@nodetask/runtime/foreign-bytes';
import { TaskError } from '@nodetask/shared';
import type { GetSmallOptions, PutOptions, SmallObject } from './object-store.ts';
import type { StoreCalls } from './store-calls.ts';
import { isMissingObject } from './store-error.ts';

export const getSmallObject = async (
  calls: StoreCalls,
  key: string,
  { signal, maxBytes }: GetSmallOptions,
): Promise<SmallObject | undefined> =>
  calls.send({ verb: 'read', key, signal }, async ({ sdk, client }, abortSignal) => {
    try {
      const command = new sdk.GetObjectCommand({ Bucket: calls.location.bucket, Key: key });
      const { Body: body, ContentLength: bytes } = await client.send(command, { abortSignal });
      const content = await readAtMost(body as Readable, bytes, maxBytes, calls.describe(key));
      calls.transferred('download', content.length);
      return { bytes: content };
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

/** The store may not say how large the object is: what arrives is counted. */
const readAtMost = async (
  body: Readable,
  bytes: number | undefined,
  maxBytes: number,
  where: string,
): Promise<Buffer> => {
  const tooLarge = (has: string): TaskError =>
    new TaskError('object-store-invalid', `${where} has ${has}, and at most ${maxBytes} are expected there`);
  if (bytes !== undefined && bytes > maxBytes) {
    body.destroy();
    throw tooLarge(`${bytes} bytes`);
  }
  try {
    const content = await readBounded(body, maxBytes);
    if (bytes !== undefined && content.length !== bytes) throw new Error(`${content.length} of ${bytes} bytes arrived`);
    return content;
  } catch (error) {
    throw error instanceof TooManyBytesError ? tooLarge('more bytes') : error;
  }
};
