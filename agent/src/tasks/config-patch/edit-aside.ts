import { once } from 'node:events';
import { totalmem } from 'node:os';
import { Worker } from 'node:worker_threads';
import { type ErrorCode, type JsonObject, TaskError } from '@nodetask/shared';
import type { EditedFile, FileEditJob } from './edit-file.ts';
import { type EditedText, type EditJob, editText } from './edit-text.ts';

/** For the thread: a text to edit, or a file. */
export type ThreadJob = { readonly text: EditJob } | { readonly file: FileEditJob };

/** The answer of the thread. */
export type ThreadOutput<T> =
  | { readonly kind: 'edited'; readonly edited: T }
  | { readonly kind: 'failed'; readonly code: ErrorCode; readonly message: string; readonly details?: JsonObject };

/**
 * The most that is edited here and not in a thread, as characters of the file times characters of the patch: each edit reads the file again. At the
 * bound the most hostile file takes half a second; a real config.toml with a patch of a few keys is far below.
 */
const maxCostHere = 16 * 1024 * 1024;

/** The memory of the thread: half of what the agent may have, so that the rest of its work has room beside it. */
const maxHeapMiB = (): number => {
  const limit = process.constrainedMemory();
  return Math.min(1024, Math.floor((limit > 0 ? Math.min(limit, totalmem()) : totalmem()) / 2 / 1024 / 1024));
};

/** Edits a text, in a thread where that may take longer than the agent may be silent. */
export const editTextAside = async (job: EditJob, signal: AbortSignal): Promise<EditedText> => {
  const asked = JSON.stringify(job.patch).length + job.remove.join().length;
  if (job.before.length * asked <= maxCostHere) return editText(job);
  return inThread<EditedText>(job.name, { text: job }, signal);
};

/** Edits a large file, in a thread. */
export const editFileAside = (job: FileEditJob, signal: AbortSignal): Promise<EditedFile> =>
  inThread<EditedFile>(job.name, { file: job }, signal);

/** The agent answers meanwhile, an abort ends it at once, and what takes too much memory fails the task and not the agent. */
const inThread = async <T>(name: string, job: ThreadJob, signal: AbortSignal): Promise<T> => {
  // Beside this file, as a source and as tsc emits it, and beside the bundle.
  const program = new URL(`edit-thread.${import.meta.url.endsWith('.ts') ? 'ts' : 'js'}`, import.meta.url);
  const heapMiB = maxHeapMiB();
  const worker = new Worker(program, {
    workerData: job,
    name: 'edit',
    resourceLimits: { maxOldGenerationSizeMb: heapMiB },
  });
  try {
    const [output] = (await once(worker, 'message', { signal })) as [ThreadOutput<T>];
    if (output.kind === 'edited') return output.edited;
    const { code, message, details } = output;
    throw new TaskError(code, message, details === undefined ? {} : { details });
  } catch (error) {
    signal.throwIfAborted();
    if (!isOutOfMemory(error)) throw error;
    throw new TaskError(
      'file-invalid',
      `to edit ${name} takes more than the ${heapMiB} MiB of memory that it may have: edit the file by hand, or give the agent more memory`,
      { cause: error },
    );
  } finally {
    await worker.terminate();
  }
};

const isOutOfMemory = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && error.code === 'ERR_WORKER_OUT_OF_MEMORY';
