import { createHash } from 'node:crypto';
import { type SnapshotUploadParams, TaskError } from '@nodetask/shared';
import { codecParallelism, codecs } from '../../archive/codecs.ts';
import { compressStream } from '../../archive/compress-stream.ts';
import type { TaskContext } from '../../engine/task-handler.ts';
import type { ObjectStore } from '../../objectstore/object-store.ts';
import type { SnapshotOptions } from '../snapshot/snapshot-handler.ts';
import type { TreeSize } from './snapshot-entries.ts';

export interface SentArchive {
  readonly bytes: number;
  readonly sha256: string;
}

/** Compresses a tar archive and streams it into an object. Throws TaskError `object-store-invalid` where the store took fewer bytes. */
export const sendArchive = async (
  store: ObjectStore,
  key: string,
  tar: AsyncIterable<Buffer>,
  size: TreeSize,
  context: TaskContext<SnapshotUploadParams>,
  { cpus, afterStep }: SnapshotOptions,
): Promise<SentArchive> => {
  const { signal } = context;
  const codec = codecs[context.params.compression];
  const hash = createHash('sha256');
  let hashed = 0;
  let packed = 0;
  async function* counted(): AsyncGenerator<Buffer, void, undefined> {
    for await (const piece of tar) {
      signal.throwIfAborted();
      packed += piece.length;
      yield piece;
    }
  }
  async function* archive(): AsyncGenerator<Buffer, void, undefined> {
    // One more: a block that is done waits for those before it, and for the network.
    for await (const piece of compressStream(codec, counted(), codecParallelism(cpus) + 1)) {
      hash.update(piece);
      hashed += piece.length;
      context.progress({ stage: 'upload', done: Math.min(packed, size.tarBytes), total: size.tarBytes, unit: 'bytes' });
      yield piece;
    }
  }
  const { bytes } = await store.upload(key, archive(), {
    signal,
    contentType: codec.contentType,
    expectedBytes: size.tarBytes,
    onProgress: () => afterStep?.('part uploaded'),
  });
  if (bytes !== hashed) {
    throw new TaskError(
      'object-store-invalid',
      `${store.describe(key)} took ${bytes} bytes of ${hashed}: check the store`,
    );
  }
  return { bytes, sha256: hash.digest('hex') };
};
