/** The thread that unpacks an archive: decompresses it, reads it, and writes files, away from what answers requests. */
import { on } from 'node:events';
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { boundBytes, TooManyBytesError } from '@nodetask/runtime/foreign-bytes';
import { TaskError } from '@nodetask/shared';
import { archiveError } from '../../archive/archive-error.ts';
import { ByteQueue } from '../../archive/byte-queue.ts';
import { codecs } from '../../archive/codecs.ts';
import { decompressStream } from '../../archive/decompress-stream.ts';
import { readTar } from '../../archive/read-tar.ts';
import { maxTarBytes } from './disk-budget.ts';
import type { UnpackInput, UnpackJob, UnpackOutput } from './unpack-job.ts';
import { unpackTree } from './unpack-tree.ts';

if (parentPort === null) throw new Error('this file is the program of a thread');
const port: MessagePort = parentPort;
const job = workerData as UnpackJob;

const tell = (message: UnpackOutput): void => {
  port.postMessage(message);
};

/** Whoever sends bounds what waits here: nothing more comes until enough of it was taken. */
async function* received(): AsyncGenerator<Uint8Array, void, undefined> {
  for await (const [{ bytes }] of on(port, 'message') as AsyncIterable<[UnpackInput]>) {
    if (bytes === undefined) return;
    yield bytes;
    tell({ kind: 'taken' });
  }
}

const failureOf = (error: unknown): UnpackOutput => {
  if (error instanceof TaskError) return { kind: 'failed', code: error.code, message: error.message };
  if (error instanceof Error) return { kind: 'failed', message: error.message, stack: error.stack };
  return { kind: 'failed', message: String(error) };
};

/** The archive as it was before it was compressed, no larger than one that fits. */
async function* unpacked(): AsyncGenerator<Uint8Array, void, undefined> {
  const maxBytes = maxTarBytes(job.budget);
  try {
    yield* boundBytes(decompressStream(codecs[job.compression], received(), job.parallel), maxBytes);
  } catch (error) {
    throw error instanceof TooManyBytesError
      ? archiveError(`has more than ${maxBytes} bytes, most of them in no file`)
      : error;
  }
}

const tar = new ByteQueue(unpacked());
try {
  await unpackTree(readTar(tar), job.root, job);
  await tar.close();
  tell({ kind: 'done' });
} catch (error) {
  tell(failureOf(error));
}
port.close();
