import type { HeadObjectCommandOutput } from '@aws-sdk/client-s3';
import type { Readable } from 'node:stream';
import { TaskError } from '@nodetask/shared';
import type { CallOptions, ObjectInfo } from './object-store.ts';
import { type ObjectChecksum, isPinned } from './object-version.ts';
import type { StoreCalls } from './store-calls.ts';
import { isMissingObject, isPassing } from './store-error.ts';

/** The facts about an object that the headers of an answer tell. */
interface Head {
  readonly bytes: number | undefined;
  readonly etag: string | undefined;
  readonly modifiedAt: number | undefined;
  readonly checksum: ObjectChecksum | undefined;
}

/**
 * The facts about an object: by HEAD, and if that is not known or does not tell the size, by a GET of one byte. If the ETag does not
 * stand for the bytes, the checksum of the upload is asked for.
 */
export const headObject = async (
  calls: StoreCalls,
  key: string,
  options: CallOptions,
): Promise<ObjectInfo | undefined> => {
  const asked = await askHead(calls, key, options);
  if (asked === 'missing') return undefined;
  const head = asked?.bytes === undefined ? await askByte(calls, key, options) : asked;
  if (head === undefined) return undefined;
  const { bytes } = head;
  if (bytes === undefined) {
    throw new TaskError(
      'object-store-invalid',
      `${calls.describe(key)}: the store does not say how large the object is: check endpoint`,
    );
  }
  const object = infoOf(key, bytes, head);
  if (isPinned(object) || asked === undefined) return object;
  const { checksum } = (await askChecksum(calls, key, options)) ?? {};
  return checksum === undefined ? object : { ...object, checksum };
};

const infoOf = (key: string, bytes: number, { etag, modifiedAt, checksum }: Head): ObjectInfo => ({
  key,
  bytes,
  ...(etag === undefined ? {} : { etag }),
  ...(modifiedAt === undefined ? {} : { modifiedAt }),
  ...(checksum === undefined ? {} : { checksum }),
});

/** Undefined where the answer to GET says more: one to HEAD has no body that could name the error. */
const askHead = (calls: StoreCalls, key: string, { signal }: CallOptions): Promise<Head | 'missing' | undefined> =>
  calls.send({ verb: 'look at', key, signal }, async ({ sdk, client }, abortSignal) => {
    try {
      const command = new sdk.HeadObjectCommand({ Bucket: calls.location.bucket, Key: key });
      return headOf(await client.send(command, { abortSignal }));
    } catch (error) {
      // A missing bucket cannot be told from a missing object here: the next call does.
      if (isMissingObject(error)) return 'missing';
      if (isPassing(error)) throw error;
      return undefined;
    }
  });

/** The first byte, for what is said beside it. */
const askByte = (calls: StoreCalls, key: string, { signal }: CallOptions): Promise<Head | undefined> =>
  calls.send({ verb: 'look at', key, signal }, async ({ sdk, client }, abortSignal) => {
    try {
      const command = new sdk.GetObjectCommand({ Bucket: calls.location.bucket, Key: key, Range: 'bytes=0-0' });
      const answer = await client.send(command, { abortSignal });
      const body = answer.Body as Readable;
      // It is left: nobody reads it.
      body.on('error', () => undefined).destroy();
      const isWhole = answer.$metadata.httpStatusCode === 200;
      return { ...headOf(answer), bytes: isWhole ? answer.ContentLength : totalOf(answer.ContentRange) };
    } catch (error) {
      if (isMissingObject(error)) return undefined;
      // There is no first byte.
      if (error instanceof Error && error.name === 'InvalidRange') return emptyHead;
      throw error;
    }
  });

const emptyHead: Head = { bytes: 0, etag: undefined, modifiedAt: undefined, checksum: undefined };

const askChecksum = (calls: StoreCalls, key: string, { signal }: CallOptions): Promise<Head | undefined> =>
  calls.send({ verb: 'look at', key, signal }, async ({ sdk, client }, abortSignal) => {
    try {
      const { bucket } = calls.location;
      const command = new sdk.HeadObjectCommand({ Bucket: bucket, Key: key, ChecksumMode: 'ENABLED' });
      return headOf(await client.send(command, { abortSignal }));
    } catch (error) {
      if (isPassing(error)) throw error;
      // A store that does not know checksums may refuse to be asked for one.
      return undefined;
    }
  });

type Answer = Pick<
  HeadObjectCommandOutput,
  'ContentLength' | 'ETag' | 'LastModified' | 'ChecksumSHA256' | 'ChecksumSHA1' | 'ChecksumCRC32'
>;

const headOf = (answer: Answer): Head => ({
  bytes: answer.ContentLength,
  etag: answer.ETag,
  modifiedAt: answer.LastModified?.getTime(),
  checksum: wholeChecksum(answer),
});

/** The checksum of an upload in parts is one of the checksums of its parts: it ends in their number, and says nothing of the whole. */
const wholeChecksum = ({ ChecksumSHA256, ChecksumSHA1, ChecksumCRC32 }: Answer): ObjectChecksum | undefined => {
  for (const [algorithm, value] of [
    ['sha256', ChecksumSHA256],
    ['sha1', ChecksumSHA1],
    ['crc32', ChecksumCRC32],
  ] as const) {
    if (value !== undefined && /^[A-Za-z0-9+/]{6,44}={0,2}$/.test(value)) return { algorithm, value };
  }
  return undefined;
};

/** The bytes of the whole object, as `Content-Range: bytes 0-0/1000` says. */
export const totalOf = (contentRange: string | undefined): number | undefined => {
  const [, total] = /^bytes \d{1,16}-\d{1,16}\/(\d{1,16})$/.exec(contentRange ?? '') ?? [];
  return total === undefined ? undefined : Number(total);
};
