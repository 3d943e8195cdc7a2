/** The thread that edits a large file, away from what answers requests. */
import { parentPort, workerData } from 'node:worker_threads';
import { TaskError } from '@nodetask/shared';
import type { EditOutput } from './edit-aside.ts';
import { type EditJob, editText } from './edit-text.ts';

const outputOf = async (job: EditJob): Promise<EditOutput> => {
  try {
    return { kind: 'edited', edited: await editText(job) };
  } catch (error) {
    // Of any other error the thread dies, and the task fails with it.
    if (!(error instanceof TaskError)) throw error;
    const { code, message, details } = error;
    return { kind: 'failed', code, message, ...(details === undefined ? {} : { details }) };
  }
};

parentPort?.postMessage(await outputOf(workerData as EditJob), []);
