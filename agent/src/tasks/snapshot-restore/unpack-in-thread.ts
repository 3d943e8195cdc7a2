import { Worker } from 'node:worker_threads';
import { abortReason, TaskError } from '@nodetask/shared';
import { BufferPool } from '../../buffer-pool.ts';
import type { UnpackInput, UnpackJob, UnpackOutput } from './unpack-job.ts';

/** Of one piece of an archive, in memory that the thread shares. */
const pieceBytes = 4 * 1024 * 1024;
/** That may wait for the thread, beside the one that it works on. */
const maxWaiting = 4;

/**
 * Unpacks a compressed archive in a thread of its own, so that downloading and hashing go on beside it and requests are answered. The archive
 * is read into `buffers`, a piece in each. Rejects with the error of the thread, of the archive, or the signal's reason; the thread has ended
 * by then and writes nothing more.
 */
export const unpackInThread = async (
  archive: (buffers: BufferPool) => AsyncIterable<Buffer>,
  job: UnpackJob,
  signal: AbortSignal,
): Promise<void> => {
  const buffers = new BufferPool(pieceBytes, (bytes) => Buffer.from(new SharedArrayBuffer(bytes)));
  const thread = new UnpackThread(job, (piece) => {
    buffers.give(Buffer.from(piece.buffer));
  });
  const onAbort = (): void => {
    thread.fail(abortReason(signal));
  };
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    signal.throwIfAborted();
    for await (const piece of archive(buffers)) await thread.send(piece);
    await thread.end();
  } finally {
    signal.removeEventListener('abort', onAbort);
    await thread.terminate();
  }
};

class UnpackThread {
  readonly #worker: Worker;
  readonly #ended = Promise.withResolvers<void>();
  readonly #waiting: Buffer[] = [];
  readonly #onTaken: (piece: Buffer) => void;
  #wake: () => void = () => undefined;
  #failure: Error | undefined;

  /** `onTaken`: the thread is done with the memory of a piece. */
  constructor(job: UnpackJob, onTaken: (piece: Buffer) => void) {
    this.#onTaken = onTaken;
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
  async send(piece: Buffer): Promise<void> {
    this.#waiting.push(piece);
    this.#post({ bytes: piece });
    while (this.#waiting.length > maxWaiting && this.#failure === undefined) {
      const room = Promise.withResolvers<void>();
      this.#wake = room.resolve;
      await room.promise;
    }
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** Says that nothing more comes; resolves when everything has been unpacked. */
  async end(): Promise<void> {
    this.#post({});
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

  #post(message: UnpackInput): void {
    this.#worker.postMessage(message, []);
  }

  #hear(message: UnpackOutput): void {
    switch (message.kind) {
      case 'taken': {
        const piece = this.#waiting.shift();
        if (piece !== undefined) this.#onTaken(piece);
        this.#wake();
        break;
      }
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
