import type { Registry } from 'prom-client';
import type { ExportLag } from '../tasks/export-lags.ts';
import { registerAbsentGauge } from './absent-gauge.ts';

/** The agent's knowledge of its node. Undefined: not now. */
export interface NodeReadings {
  readonly volume: () => Promise<{ readonly freeBytes: number; readonly totalBytes: number } | undefined>;
  readonly status: () => Promise<{ readonly latestHeight: number; readonly isCatchingUp?: boolean } | undefined>;
  readonly exportLags: () => Promise<readonly ExportLag[]>;
  /** Active runs that know how far they are, in percent. */
  readonly progress: () => readonly { readonly type: string; readonly percent: number }[];
}

/** For where there is no node: the metrics are registered, and tell nothing. */
export const noNode: NodeReadings = {
  volume: () => Promise.resolve(undefined),
  status: () => Promise.resolve(undefined),
  exportLags: () => Promise.resolve([]),
  progress: () => [],
};

/** Registers what tells of the node, of exports that lag behind it, and of the progress of runs. */
export const registerNodeGauges = (
  registry: Registry,
  { volume, status, exportLags, progress }: NodeReadings,
): void => {
  const single = <T>(
    name: string,
    help: string,
    read: () => Promise<T | undefined>,
    value: (of: T) => number | undefined,
  ) => {
    registerAbsentGauge(registry, {
      name,
      help,
      read: async () => {
        const now = await read();
        const number = now === undefined ? undefined : value(now);
        return number === undefined ? [] : [{ labels: {}, value: number }];
      },
    });
  };
  const ofVolume = "on the volume of the node's data folder";
  single('nodetask_agent_node_volume_free_bytes', `Bytes that are free ${ofVolume}.`, volume, (of) => of.freeBytes);
  single('nodetask_agent_node_volume_size_bytes', `Bytes, free or not, ${ofVolume}.`, volume, (of) => of.totalBytes);
  const byRPC = 'by its own RPC (--node-rpc), asked every ten seconds at most; absent while that does not answer';
  single('nodetask_agent_node_height', `Newest block of the node, ${byRPC}.`, status, (of) => of.latestHeight);
  single('nodetask_agent_node_catching_up', `1 while the node catches up with its chain, ${byRPC}.`, status, (of) =>
    of.isCatchingUp === undefined ? undefined : Number(of.isCatchingUp),
  );
  registerAbsentGauge(registry, {
    name: 'nodetask_agent_export_lag_blocks',
    help: 'Blocks in full pages that the node has and a result-export daemon has not exported, by NodeTask (the id of a task without one), at most 200; absent while the RPC of the node does not answer.',
    labelNames: ['name'],
    read: async () => (await exportLags()).map(({ name, blocks }) => ({ labels: { name }, value: blocks })),
  });
  registerAbsentGauge(registry, {
    name: 'nodetask_agent_run_progress_ratio',
    help: 'How far active runs are, from 0 to 1, by task type; of several of a type, the one that is least far. Absent where the end is not known.',
    labelNames: ['type'],
    read: () => {
      const least = new Map<string, number>();
      for (const { type, percent } of progress()) least.set(type, Math.min(percent, least.get(type) ?? 100));
      return Promise.resolve([...least].map(([type, percent]) => ({ labels: { type }, value: percent / 100 })));
    },
  });
};
