import type { HeadObjectCommandOutput } from '@aws-sdk/client-s3';

/** A checksum of an object that can be computed here, as the store keeps it from the upload. */
export interface ObjectChecksum {
  readonly algorithm: Algorithm;
  /** In base64; of an upload in parts also `-` and their number. */
  readonly value: string;
  /** Present if it is the checksum of the checksums of parts; all but the last have so many bytes. */
  readonly parts?: PartsOfObject;
}

export interface PartsOfObject {
  readonly bytes: number;
  readonly count: number;
}

/** Each by the member of the SDK's answer. An object has most often one; with several, the one that costs least is taken. */
const algorithms = {
  crc32: 'ChecksumCRC32',
  crc32c: 'ChecksumCRC32C',
  sha256: 'ChecksumSHA256',
  sha1: 'ChecksumSHA1',
  sha512: 'ChecksumSHA512',
  md5: 'ChecksumMD5',
  crc64nvme: 'ChecksumCRC64NVME',
} as const;

/** No code for these is here. */
const unknownAlgorithms = {
  xxhash64: 'ChecksumXXHASH64',
  xxhash3: 'ChecksumXXHASH3',
  xxhash128: 'ChecksumXXHASH128',
} as const;

export type Algorithm = keyof typeof algorithms;

type Members = (typeof algorithms)[Algorithm] | (typeof unknownAlgorithms)[keyof typeof unknownAlgorithms];

export type ChecksumAnswer = Pick<HeadObjectCommandOutput, Members | 'ChecksumType'>;

/** The checksum that an answer tells of. */
export type StoredChecksum =
  | { readonly kind: 'whole'; readonly algorithm: Algorithm; readonly value: string }
  /** The checksum of those of the parts. */
  | { readonly kind: 'parts'; readonly algorithm: Algorithm; readonly value: string }
  /** In words, for a message. */
  | { readonly kind: 'unknown'; readonly what: string };

export const storedChecksum = (answer: ChecksumAnswer): StoredChecksum | undefined => {
  for (const [algorithm, member] of entriesOf(algorithms)) {
    const value = answer[member];
    if (value === undefined) continue;
    if (!valuePattern.test(value)) return { kind: 'unknown', what: `${algorithm} in a form that is not known` };
    const isOfParts = value.includes('-') || answer.ChecksumType === 'COMPOSITE';
    return { kind: isOfParts ? 'parts' : 'whole', algorithm, value };
  }
  const other = entriesOf(unknownAlgorithms).find(([, member]) => answer[member] !== undefined);
  return other === undefined ? undefined : { kind: 'unknown', what: `${other[0]}, which is not known` };
};

const valuePattern = /^[A-Za-z0-9+/]{6,88}={0,2}(?:-\d{1,5})?$/;

const entriesOf = <K extends string, V>(table: Readonly<Record<K, V>>): readonly (readonly [K, V])[] =>
  (Object.keys(table) as K[]).map((key) => [key, table[key]]);

/** As S3 has it. Each part costs a hash of its own, and a store may say anything. */
const maxParts = 10_000;

/** The parts of an object as its first and its last one tell, if they make the whole: all but the last are of one size then. */
export const equalParts = (
  bytes: number,
  first: { readonly bytes?: number | undefined; readonly count?: number | undefined },
  last: number | undefined,
): PartsOfObject | undefined => {
  if (first.bytes === undefined || first.count === undefined || last === undefined) return undefined;
  if (first.count > maxParts) return undefined;
  const isWhole = first.bytes > 0 && last <= first.bytes && first.bytes * (first.count - 1) + last === bytes;
  return isWhole ? { bytes: first.bytes, count: first.count } : undefined;
};
