import type { GetObjectCommandOutput } from '@aws-sdk/client-s3';
import type { Readable } from 'node:stream';
import { readBounded, TooManyBytesError } from '@nodetask/runtime/foreign-bytes';
import { TaskError } from '@nodetask/shared';
import type { GetSmallOptions, PutOptions, SmallObject } from './object-store.ts';
import type { StoreCalls } from './store-calls.ts';
import type { S3 } from './s3-client.ts';
import { isMissingObject, isPassing } from './store-error.ts';

export const getSmallObject = async (
  calls: StoreCalls,
  key: string,
  { signal, maxBytes }: GetSmallOptions,
): Promise<SmallObject | undefined> =>
  calls.send({ verb: 'read', key, signal }, async (s3, abortSignal) => {
    try {
      const what = { Bucket: calls.location.bucket, Key: key };
      const { Body: body, ContentLength: bytes } = await getWithChecksum(s3, what, abortSignal);
      const content = await readAtMost(body as Readable, bytes, maxBytes, calls.describe(key));
      calls.transferred('download', content.length);
      return { bytes: content };
    } catch (error) {
      if (isMissingObject(error)) return undefined;
      throw error;
    }
  });

/** The SDK compares what arrives with the checksum of the whole, where the store gives one. A store that does not know checksums may refuse to be asked for one. */
const getWithChecksum = async (
  { sdk, client }: S3,
  what: { readonly Bucket: string; readonly Key: string },
  abortSignal: AbortSignal,
): Promise<GetObjectCommandOutput> => {
  try {
    return await client.send(new sdk.GetObjectCommand({ ...what, ChecksumMode: 'ENABLED' }), { abortSignal });
  } catch (error) {
    if (isMissingObject(error) || isPassing(error)) throw error;
    return client.send(new sdk.GetObjectCommand(what), { abortSignal });
  }
};

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
