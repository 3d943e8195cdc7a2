import type { HeadObjectCommandOutput } from '@aws-sdk/client-s3';
import type { Readable } from 'node:stream';
import { TaskError } from '@nodetask/shared';
import {
  type ChecksumAnswer,
  equalParts,
  type PartsOfObject,
  type StoredChecksum,
  storedChecksum,
} from './checksums/stored-checksum.ts';
import type { CallOptions, ObjectInfo } from './object-store.ts';
import type { StoreCalls } from './store-calls.ts';
import { isMissingObject, isPassing } from './store-error.ts';

/** The facts about an object that the headers of an answer tell. */
interface Head {
  readonly bytes: number | undefined;
  readonly etag: string | undefined;
  readonly modifiedAt: number | undefined;
  readonly checksum: StoredChecksum | undefined;
}

/** The facts about an object: by HEAD, and if that is not known or does not tell the size, by a GET of one byte. */
export const headObject = async (
  calls: StoreCalls,
  key: string,
  options: CallOptions,
): Promise<ObjectInfo | undefined> => {
  const asked = await askHead(calls, key, options);
  if (asked === 'missing') return undefined;
  const head = asked?.bytes === undefined ? await askByte(calls, key, options) : asked;
  if (head === undefined) return undefined;
  const { bytes, etag, modifiedAt } = head;
  if (bytes === undefined) {
    throw new TaskError(
      'object-store-invalid',
      `${calls.describe(key)}: the store does not say how large the object is: check endpoint`,
    );
  }
  return {
    key,
    bytes,
    ...(etag === undefined ? {} : { etag }),
    ...(modifiedAt === undefined ? {} : { modifiedAt }),
    ...(await usableChecksum(head.checksum, { calls, key, bytes, options })),
  };
};

const usableChecksum = async (
  stored: StoredChecksum | undefined,
  {
    calls,
    key,
    bytes,
    options,
  }: { readonly calls: StoreCalls; readonly key: string; readonly bytes: number; readonly options: CallOptions },
): Promise<Pick<ObjectInfo, 'checksum' | 'unusedChecksum'>> => {
  if (stored === undefined) return {};
  if (stored.kind === 'unknown') return { unusedChecksum: stored.what };
  const { algorithm, value } = stored;
  if (stored.kind === 'whole') return { checksum: { algorithm, value } };
  const parts = await askParts(calls, key, bytes, options);
  return parts === undefined
    ? { unusedChecksum: `${algorithm} of parts, and the store does not tell parts of one size` }
    : { checksum: { algorithm, value: value.includes('-') ? value : `${value}-${parts.count}`, parts } };
};

/** The parts of the upload, by the first and the last of them. */
const askParts = async (
  calls: StoreCalls,
  key: string,
  bytes: number,
  options: CallOptions,
): Promise<PartsOfObject | undefined> => {
  const first = await askPart(calls, key, 1, options);
  const { count } = first;
  if (count === undefined) return undefined;
  return equalParts(bytes, first, (count === 1 ? first : await askPart(calls, key, count, options)).bytes);
};

interface Part {
  readonly bytes?: number | undefined;
  /** Of all parts. */
  readonly count?: number | undefined;
}

const askPart = (calls: StoreCalls, key: string, part: number, { signal }: CallOptions): Promise<Part> =>
  calls.send({ verb: 'look at', key, signal }, async ({ sdk, client }, abortSignal) => {
    try {
      const { bucket } = calls.location;
      const command = new sdk.HeadObjectCommand({ Bucket: bucket, Key: key, PartNumber: part });
      const { ContentLength: bytes, PartsCount: count } = await client.send(command, { abortSignal });
      return { bytes, count };
    } catch (error) {
      if (isPassing(error)) throw error;
      // A store that does not know parts afterwards may refuse to be asked for one.
      return {};
    }
  });

/** Undefined where the answer to GET says more: one to HEAD has no body that could name the error. */
const askHead = (calls: StoreCalls, key: string, { signal }: CallOptions): Promise<Head | 'missing' | undefined> =>
  calls.send({ verb: 'look at', key, signal }, async ({ sdk, client }, abortSignal) => {
    try {
      const { bucket } = calls.location;
      const command = new sdk.HeadObjectCommand({ Bucket: bucket, Key: key, ChecksumMode: 'ENABLED' });
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
      const head = headOf(answer);
      if (answer.$metadata.httpStatusCode === 200) return head;
      // A checksum here may be that of a part.
      return { ...head, bytes: totalOf(answer.ContentRange), checksum: undefined };
    } catch (error) {
      if (isMissingObject(error)) return undefined;
      // There is no first byte.
      if (error instanceof Error && error.name === 'InvalidRange') return emptyHead;
      throw error;
    }
  });

const emptyHead: Head = { bytes: 0, etag: undefined, modifiedAt: undefined, checksum: undefined };

type Answer = Pick<HeadObjectCommandOutput, 'ContentLength' | 'ETag' | 'LastModified'> & ChecksumAnswer;

const headOf = (answer: Answer): Head => ({
  bytes: answer.ContentLength,
  etag: answer.ETag,
  modifiedAt: answer.LastModified?.getTime(),
  checksum: storedChecksum(answer),
});

/** The bytes of the whole object, as `Content-Range: bytes 0-0/1000` says. */
export const totalOf = (contentRange: string | undefined): number | undefined => {
  const [, total] = /^bytes \d{1,16}-\d{1,16}\/(\d{1,16})$/.exec(contentRange ?? '') ?? [];
  return total === undefined ? undefined : Number(total);
};
