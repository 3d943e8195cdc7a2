import { once } from 'node:events';
import { totalmem } from 'node:os';
import { Worker } from 'node:worker_threads';
import { type ErrorCode, type JsonObject, TaskError } from '@nodetask/shared';
import { type EditedText, type EditJob, editText } from './edit-text.ts';

/** The answer of the thread. */
export type EditOutput =
  | { readonly kind: 'edited'; readonly edited: EditedText }
  | { readonly kind: 'failed'; readonly code: ErrorCode; readonly message: string; readonly details?: JsonObject };

/**
 * The most that is edited here and not in a thread, as characters of the file times characters of the patch: each edit reads the file again. At the
 * bound the most hostile file takes half a second; a real config.toml with a patch of a few keys is far below.
 */
const maxCostHere = 16 * 1024 * 1024;

/** The memory of the thread: half of what the agent may have, so that the rest of its work has room beside it. 1 GiB is enough for 32 MiB. */
const maxHeapMiB = (): number => {
  const limit = process.constrainedMemory();
  return Math.min(1024, Math.floor((limit > 0 ? Math.min(limit, totalmem()) : totalmem()) / 2 / 1024 / 1024));
};

/**
 * Edits a text. Where that may take longer than the agent may be silent, for instance for a genesis of many megabytes, it is done in a thread:
 * the agent answers meanwhile, an abort ends it at once, and a file that takes too much memory fails the task and not the agent.
 */
export const editAside = async (job: EditJob, signal: AbortSignal): Promise<EditedText> => {
  const { name, before, patch, remove } = job;
  const asked = JSON.stringify(patch).length + remove.join().length;
  if (before.length * asked <= maxCostHere) return editText(job);
  // Beside this file, as a source and as tsc emits it, and beside the bundle.
  const program = new URL(`edit-thread.${import.meta.url.endsWith('.ts') ? 'ts' : 'js'}`, import.meta.url);
  const heapMiB = maxHeapMiB();
  const worker = new Worker(program, {
    workerData: job,
    name: 'edit',
    resourceLimits: { maxOldGenerationSizeMb: heapMiB },
  });
  try {
    const [output] = (await once(worker, 'message', { signal })) as [EditOutput];
    if (output.kind === 'edited') return output.edited;
    const { code, message, details } = output;
    throw new TaskError(code, message, details === undefined ? {} : { details });
  } catch (error) {
    signal.throwIfAborted();
    if (!isOutOfMemory(error)) throw error;
    throw new TaskError(
      'file-invalid',
      `${name} has ${before.length} characters, and to edit it takes more than the ${heapMiB} MiB of memory that it may have: edit the file by hand, or give the agent more memory`,
      { cause: error },
    );
  } finally {
    await worker.terminate();
  }
};

const isOutOfMemory = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && error.code === 'ERR_WORKER_OUT_OF_MEMORY';
