import type { ResultExportParams, TaskType } from '@nodetask/shared';
import { TaskError } from '@nodetask/shared';
import type { RecurringTask } from '../engine/engine-api.ts';
import { compileLocation } from '../objectstore/location.ts';
import { compileDestination } from './result-export/export-destination.ts';
import { ExportStateFile } from './result-export/export-state.ts';
import { UploadRecord } from './snapshot-upload/upload-record.ts';

/** What a schedule or daemon that uploads has uploaded last, as the agent's state folder tells it: the same after a restart. */
export interface NewestOfTask {
  readonly type: UploadType;
  /** Of the NodeTask; the id of a task that has none. */
  readonly name: string;
  readonly acceptedAt: number;
  readonly maxAgeSeconds?: number;
  readonly newest?: HeightAndTime;
}

/** Times are in milliseconds since the epoch. */
interface HeightAndTime {
  readonly height: number;
  readonly at: number;
}

const uploadTypes = ['snapshot-upload', 'result-export'] as const satisfies readonly TaskType[];
export type UploadType = (typeof uploadTypes)[number];

/** Each costs a read of small files when metrics are asked for. */
const maxTasks = 200;

interface Recurring {
  recurring(types: readonly TaskType[], limit: number): readonly RecurringTask[];
}

/** Reads the newest uploads of all schedules and daemons, each of which has its name once: of several tasks of one NodeTask the last accepted counts. */
export const readNewestUploads = async (engine: Recurring, stateFolder: string): Promise<readonly NewestOfTask[]> => {
  const byName = new Map(
    engine.recurring(uploadTypes, maxTasks).map((task) => [`${task.type} ${task.ref?.name ?? task.id}`, task]),
  );
  const read: NewestOfTask[] = [];
  for (const task of byName.values()) read.push(await readOne(task, stateFolder));
  return read;
};

const readOne = async (
  { id, type, params, ref, submittedAt }: RecurringTask,
  stateFolder: string,
): Promise<NewestOfTask> => {
  const newest = await readHeightAndTime(type, params, stateFolder);
  const { maxAgeSeconds } = params;
  return {
    type: type as UploadType,
    name: ref?.name ?? id,
    acceptedAt: Date.parse(submittedAt),
    ...(typeof maxAgeSeconds === 'number' ? { maxAgeSeconds } : {}),
    ...(newest === undefined ? {} : { newest }),
  };
};

/** Undefined where nothing is known to be uploaded, or the state cannot be read: the next run of the task says which. */
const readHeightAndTime = async (
  type: TaskType,
  params: RecurringTask['params'],
  stateFolder: string,
): Promise<HeightAndTime | undefined> => {
  try {
    if (type === 'result-export') {
      const destination = compileDestination(params as unknown as ResultExportParams);
      return await new ExportStateFile(stateFolder, destination).newest();
    }
    const location = compileLocation(params);
    const { height, at } = (await new UploadRecord(stateFolder, location).read()) ?? {};
    return height === undefined || at === undefined ? undefined : { height, at };
  } catch (error) {
    if (error instanceof TaskError) return undefined;
    throw error;
  }
};
