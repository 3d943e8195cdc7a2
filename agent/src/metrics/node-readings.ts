import type { Clock } from '@nodetask/shared';
import type { EngineApi } from '../engine/engine-api.ts';
import type { NodeParts } from '../node-parts.ts';
import { readExportLags } from '../tasks/export-lags.ts';
import { KeptReading } from './kept-reading.ts';
import type { NodeReadings } from './node-gauges.ts';

/** Well below the usual time between two scrapes, and the usual time that one may take. */
const keepMs = 10_000;
const timeoutMs = 3_000;

export interface NodeReadingsOptions {
  /** Asked for when metrics are, since metrics come first. */
  readonly node: () => Pick<NodeParts, 'volume' | 'status'>;
  readonly engine: () => Pick<EngineApi, 'recurring' | 'progress'>;
  readonly stateFolder: string;
  readonly clock: Clock;
}

/** Readings for the metrics about the node and about the tasks that work on it. */
export const nodeReadings = ({ node, engine, stateFolder, clock }: NodeReadingsOptions): NodeReadings => {
  const bounds = { clock, keepMs, timeoutMs };
  const volume = new KeptReading(async () => node().volume(), bounds);
  const status = new KeptReading(async (signal) => node().status(signal), bounds);
  return {
    volume: async () => volume.get(),
    status: async () => status.get(),
    exportLags: async () => readExportLags(engine(), stateFolder, await status.get()),
    progress: () => engine().progress(),
  };
};
