/** The thread that edits a large file, away from what answers requests. */
import { parentPort, workerData } from 'node:worker_threads';
import { TaskError } from '@nodetask/shared';
import type { ThreadJob, ThreadOutput } from './edit-aside.ts';
import { type EditedFile, editFile } from './edit-file.ts';
import { type EditedText, editText } from './edit-text.ts';

const outputOf = async (job: ThreadJob): Promise<ThreadOutput<EditedText | EditedFile>> => {
  try {
    return { kind: 'edited', edited: await ('text' in job ? editText(job.text) : editFile(job.file)) };
  } catch (error) {
    // Of any other error the thread dies, and the task fails with it.
    if (!(error instanceof TaskError)) throw error;
    const { code, message, details } = error;
    return { kind: 'failed', code, message, ...(details === undefined ? {} : { details }) };
  }
};

parentPort?.postMessage(await outputOf(workerData as ThreadJob), []);
