import type { BufferPool } from '../buffer-pool.ts';
import type { ObjectChecksum } from './checksums/stored-checksum.ts';

/**
 * What tasks see of an object store. Words: an **object** is bytes under a **key** in a bucket; keys below are whole keys, prefix included.
 *
 * Every method honours its signal at once and rejects with the signal's reason; else it rejects with a TaskError that names the bucket,
 * the key and the server: `bucket-missing`, `object-store-refused`, `object-store-unreachable`, `object-store-invalid`, and what is said
 * at each method. Short faults (503 SlowDown, resets, time-outs) have been tried again before.
 */
export interface ObjectStore {
  /** How messages name an object of this store: `s3://bucket/key`, with the server where it is not AWS. */
  describe(key?: string): string;
  /** Every object whose key begins with `prefix`, in the order of keys, over all pages. */
  list(prefix: string, options: ListOptions): AsyncIterable<ListedObject>;
  /** Undefined where there is none. */
  head(key: string, options: CallOptions): Promise<ObjectInfo | undefined>;
  /** A whole small object; undefined where there is none. `object-store-invalid` where it is larger than `maxBytes`. */
  getSmall(key: string, options: GetSmallOptions): Promise<SmallObject | undefined>;
  /** Writes a small object in one request; a reader sees the old one or the new one. */
  putSmall(key: string, content: string | Uint8Array, options: PutOptions): Promise<void>;
  /**
   * The bytes of an object in order, range after range, fetched by parallel ranges of exactly the version that `object` describes; memory is bounded by
   * `parts` × `partBytes`. `object-changed` where the object was replaced or removed meanwhile, as far as `object` has something to tell it by,
   * and at the end where its checksum is not that of what arrived.
   */
  download(object: ObjectInfo, options: DownloadOptions): AsyncIterable<Buffer>;
  /**
   * Streams `content` into an object, which appears when all of it has arrived. On any error, and on abort, what was uploaded has been
   * discarded before this rejects. An error of `content` itself is passed on.
   */
  upload(key: string, content: AsyncIterable<Uint8Array>, options: UploadOptions): Promise<UploadedObject>;
  /**
   * Discards uploads that a crash left unfinished, as `isLeftover` judges. Answers their keys.
   */
  discardUploads(prefix: string, options: DiscardOptions): Promise<readonly string[]>;
  /** Ends connections. The store must not be used afterwards. */
  close(): void;
}

export interface CallOptions {
  readonly signal: AbortSignal;
}

export interface ListOptions extends CallOptions {
  /** Without keys that have a slash after the prefix, of which there may be millions. */
  readonly direct?: boolean;
  /** Told, of a direct list, each folder below the prefix: a longer prefix that ends in a slash. */
  readonly onFolder?: (prefix: string) => void;
  /** Pages after which the list ends as if there were no more. Default: all of them. */
  readonly pages?: number;
}

export interface ObjectInfo {
  readonly key: string;
  readonly bytes: number;
  /** With its quotes, as If-Match takes it, where the store gives one; it may be weak. */
  readonly etag?: string;
  /** When it was written, in milliseconds since the epoch, where the store tells. */
  readonly modifiedAt?: number;
  /** As the store keeps it, where it keeps one. */
  readonly checksum?: ObjectChecksum;
  /** The checksum that the store keeps and that cannot be computed here, in words, and why. */
  readonly unusedChecksum?: string;
}

export interface SmallObject {
  readonly bytes: Buffer;
}

export interface ListedObject {
  readonly key: string;
  /** When it was written, in milliseconds since the epoch, where the listing tells. */
  readonly modifiedAt?: number;
}

export interface GetSmallOptions extends CallOptions {
  readonly maxBytes: number;
}

export interface PutOptions extends CallOptions {
  readonly contentType: string;
}

export interface DownloadOptions extends CallOptions {
  /** Bytes of one range request; default what `buffers` have, or 4 MiB. */
  readonly partBytes?: number;
  /** Where the bytes go, one buffer a range: the reader gives each back. Absent: the memory of what is answered is the reader's own. */
  readonly buffers?: BufferPool;
  /** Ranges in flight or waiting for the reader; default 4. */
  readonly parts?: number;
  /** The reader compares a hash of all bytes with one that it knows: the checksum of the store would tell nothing more. */
  readonly isHashed?: boolean;
}

export interface UploadOptions extends PutOptions {
  /** About how many bytes will come, rather too many: the size of the parts follows from it. */
  readonly expectedBytes: number;
  /** Told how many bytes the store has taken. */
  readonly onProgress?: (bytes: number) => void;
}

export interface UploadedObject {
  readonly key: string;
  readonly bytes: number;
}

export interface DiscardOptions extends CallOptions {
  /** Whether an unfinished upload of this key that began so many milliseconds ago is left over. */
  readonly isLeftover: (key: string, ageMs: number) => boolean;
}
