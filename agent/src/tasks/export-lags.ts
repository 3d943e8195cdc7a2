import { type ResultExportParams, TaskError, type TaskType } from '@nodetask/shared';
import type { RecurringTask } from '../engine/engine-api.ts';
import type { NodeStatus } from '../node/node-status.ts';
import { compileDestination } from './result-export/export-destination.ts';
import { ExportStateFile } from './result-export/export-state.ts';

/** How far a daemon that exports is behind the node. */
export interface ExportLag {
  /** Of the NodeTask; the id of a task that has none. */
  readonly name: string;
  /** Blocks of full pages: those that wait for others to fill their page are no lag. */
  readonly blocks: number;
}

/** Each costs a read of a small file when metrics are asked for. */
const maxTasks = 200;

interface Recurring {
  recurring(types: readonly TaskType[], limit: number): readonly RecurringTask[];
}

/**
 * The lag of each daemon that exports, by its state folder and the height of the node, not by what its run tells: that stands still with the run. An export
 * that reads from another node is on the same chain, so this node's height tells of it too.
 */
export const readExportLags = async (
  engine: Recurring,
  stateFolder: string,
  status: Pick<NodeStatus, 'latestHeight' | 'earliestHeight'> | undefined,
): Promise<readonly ExportLag[]> => {
  if (status === undefined) return [];
  const daemons = engine.recurring(['result-export'], maxTasks).filter(({ kind }) => kind === 'daemon');
  const lags = new Map<string, number>();
  for (const { id, params, ref } of daemons) {
    const blocks = await readLag(params as unknown as ResultExportParams, stateFolder, status);
    if (blocks !== undefined) lags.set(ref?.name ?? id, blocks);
  }
  return [...lags].map(([name, blocks]) => ({ name, blocks }));
};

/** Undefined where the state cannot be read: the run of the daemon says why. */
const readLag = async (
  params: ResultExportParams,
  stateFolder: string,
  { latestHeight, earliestHeight }: Pick<NodeStatus, 'latestHeight' | 'earliestHeight'>,
): Promise<number | undefined> => {
  try {
    const { startHeight, pageSize } = params;
    const state = await new ExportStateFile(stateFolder, compileDestination(params)).read();
    const exported = state?.exported ?? (startHeight ?? Math.max(1, earliestHeight)) - 1;
    return Math.floor(Math.max(0, latestHeight - exported) / pageSize) * pageSize;
  } catch (error) {
    if (error instanceof TaskError) return undefined;
    throw error;
  }
};
