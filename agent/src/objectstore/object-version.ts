import { momentText } from '@nodetask/shared';
import type { ObjectInfo } from './object-store.ts';

/** True if the ETag stands for exactly these bytes. A weak one stands for what its server thinks is as good, and If-Match never fits it. */
export const isStrong = (etag: string): boolean => !etag.startsWith('W/');

/** True if something of the store makes sure that what is downloaded is one version of an object, from its first byte to its last. */
export const isPinned = ({ etag, checksum }: ObjectInfo): boolean =>
  (etag !== undefined && isStrong(etag)) || checksum !== undefined;

/** The facts about the whole object that an answer with some of its bytes tells. */
export interface AnsweredVersion {
  readonly etag: string | undefined;
  readonly modifiedAt: number | undefined;
  /** Bytes of the whole object. */
  readonly bytes: number | undefined;
}

/** How an answer shows that the object is another one by now; undefined where it does not. */
export const otherVersion = (object: ObjectInfo, answered: AnsweredVersion): string | undefined => {
  if (object.etag !== undefined && bare(answered.etag) !== bare(object.etag))
    return `ETag ${answered.etag ?? '\u2013'} instead of ${object.etag}`;
  if (answered.bytes !== undefined && answered.bytes !== object.bytes)
    return `a size of ${answered.bytes} instead of ${object.bytes} bytes`;
  const { modifiedAt } = object;
  // With an ETag the time says nothing new, and gateways may round it.
  if (object.etag !== undefined || modifiedAt === undefined || answered.modifiedAt === undefined) return undefined;
  return answered.modifiedAt === modifiedAt
    ? undefined
    : `Last-Modified ${momentText(answered.modifiedAt)} instead of ${momentText(modifiedAt)}`;
};

const bare = (etag: string | undefined): string | undefined => etag?.replace(/^W\//, '');
