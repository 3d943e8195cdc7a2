import { Worker } from 'node:worker_threads';
import { abortReason, TaskError } from '@nodetask/shared';
import { codecs } from '../../archive/codecs.ts';
import { splitBlocks } from '../../archive/split-blocks.ts';
import type { UnpackInput, UnpackJob, UnpackOutput } from './unpack-job.ts';

/** Bytes that may wait for the thread. */
const maxWaiting = 4 * 1024 * 1024;

/**
 * Unpacks a compressed archive in a thread of its own, so that downloading and hashing go on beside it and requests are answered. Rejects
 * with the error of the thread, of `compressed`, or the signal's reason; the thread has ended by then and writes nothing more.
 */
export const unpackInThread = async (
  compressed: AsyncIterable<Uint8Array>,
  job: UnpackJob,
  signal: AbortSignal,
): Promise<void> => {
  const thread = new UnpackThread(job);
  const onAbort = (): void => {
    thread.fail(abortReason(signal));
  };
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    signal.throwIfAborted();
    for await (const { bytes, isBlock } of splitBlocks(codecs[job.compression], compressed)) {
      await thread.send({ bytes: ownMemory(bytes), isBlock });
    }
    await thread.end();
  } finally {
    signal.removeEventListener('abort', onAbort);
    await thread.terminate();
  }
};

/** A part of a larger piece of memory cannot be handed over: it is copied. */
const ownMemory = (bytes: Buffer): Uint8Array<ArrayBuffer> => {
  const { buffer, byteLength } = bytes;
  return buffer instanceof ArrayBuffer && buffer.byteLength === byteLength
    ? new Uint8Array(buffer)
    : new Uint8Array(bytes);
};

class UnpackThread {
  readonly #worker: Worker;
  readonly #ended = Promise.withResolvers<void>();
  #waiting = 0;
  #wake: () => void = () => undefined;
  #failure: Error | undefined;

  constructor(job: UnpackJob) {
    // Beside this file, as a source and as tsc emits it, and beside the bundle.
    const program = new URL(`unpack-thread.${import.meta.url.endsWith('.ts') ? 'ts' : 'js'}`, import.meta.url);
    this.#worker = new Worker(program, { workerData: job, name: 'unpack' });
    this.#ended.promise.catch(() => undefined);
    this.#worker.on('message', (message: UnpackOutput) => {
      this.#hear(message);
    });
    this.#worker.on('error', (error) => {
      this.fail(error instanceof Error ? error : new Error(String(error)));
    });
    this.#worker.on('exit', (code) => {
      this.fail(new Error(`the thread that unpacks the archive ended with ${code} before the archive did`));
    });
  }

  /** Resolves when there is room for more. */
  async send(piece: NonNullable<UnpackInput['piece']> & { readonly bytes: Uint8Array<ArrayBuffer> }): Promise<void> {
    const { byteLength, buffer } = piece.bytes;
    this.#waiting += byteLength;
    this.#post({ piece }, [buffer]);
    while (this.#waiting > maxWaiting && this.#failure === undefined) {
      const room = Promise.withResolvers<void>();
      this.#wake = room.resolve;
      await room.promise;
    }
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** Says that nothing more comes; resolves when everything has been unpacked. */
  async end(): Promise<void> {
    this.#post({}, []);
    await this.#ended.promise;
  }

  fail(error: Error): void {
    this.#failure ??= error;
    this.#ended.reject(error);
    this.#wake();
  }

  async terminate(): Promise<void> {
    this.#worker.removeAllListeners('exit');
    await this.#worker.terminate();
  }

  #post(message: UnpackInput, transferred: readonly ArrayBuffer[]): void {
    this.#worker.postMessage(message, transferred);
  }

  #hear(message: UnpackOutput): void {
    switch (message.kind) {
      case 'taken':
        this.#waiting -= message.bytes;
        this.#wake();
        break;
      case 'done':
        this.#ended.resolve();
        break;
      case 'failed':
        this.fail(errorFrom(message));
        break;
      default:
        message satisfies never;
    }
  }
}

const errorFrom = ({ code, message, stack }: Extract<UnpackOutput, { kind: 'failed' }>): Error => {
  if (code !== undefined) return new TaskError(code, message);
  const error = new Error(message);
  if (stack !== undefined) error.stack = stack;
  return error;
};
