import { existsSync } from 'node:fs';
import { availableParallelism, hostname } from 'node:os';
import type { Clock, Logger } from '@nodetask/shared';
import type { AgentConfig } from './config.ts';
import type { BlockHeights } from './engine/block-heights.ts';
import type { TaskHandlers } from './engine/task-handler.ts';
import { rpcBlockHeights } from './node/block-heights.ts';
import { createEgress } from './node/egress.ts';
import { nodeHome } from './node/node-home.ts';
import { type NodeIdReader, nodeIdReader } from './node/node-id-reader.ts';
import { type NodeStatus, readNodeStatus } from './node/node-status.ts';
import { createRpcClient } from './node/rpc-client.ts';
import { readVolumeSpace, type VolumeSpace } from './node/volume-space.ts';
import type { OnTransfer } from './objectstore/store-calls.ts';
import { createHandlers } from './tasks/handlers.ts';
import { recoverHome } from './tasks/recover-home.ts';

/** The parts that touch the node: the task handlers, the height of its chain, and its id. */
export interface NodeParts {
  readonly handlers: TaskHandlers;
  readonly heights: BlockHeights;
  readonly nodeId: NodeIdReader;
  /** Of the volume with the node's data folder. */
  readonly volume: () => Promise<VolumeSpace>;
  /** By the node's own RPC. */
  readonly status: (signal: AbortSignal) => Promise<NodeStatus>;
  /** Completes or undoes what a crash interrupted in the node's files. To be called before a task runs, and before the node starts. */
  recover(): Promise<void>;
  /** Ends the connections that tasks left open. */
  close(): Promise<void>;
}

const statusTimeoutMs = 3_000;

export const createNodeParts = (
  config: AgentConfig,
  clock: Clock,
  logger: Logger,
  onTransfer: OnTransfer,
): NodeParts => {
  const { home, allowPaths, stateFolder, nodeRPC, allowHosts } = config;
  const egress = createEgress({ nodeRPC, allowHosts });
  const rpc = createRpcClient(egress, clock);
  const { data } = nodeHome(home, { allowPaths, stateFolder });
  return {
    handlers: createHandlers({
      home,
      allowPaths,
      stateFolder,
      nodeRPC,
      egress,
      clock,
      hostname: config.podName ?? hostname(),
      cpus: availableParallelism(),
      onTransfer,
    }),
    nodeId: nodeIdReader(nodeHome(home, { allowPaths, stateFolder }), { clock }),
    volume: () => readVolumeSpace(existsSync(data) ? data : home),
    status: (signal) => readNodeStatus(rpc, nodeRPC, { signal, timeoutMs: statusTimeoutMs }),
    heights: rpcBlockHeights({ rpc, nodeRPC, clock, logger }),
    recover: () => recoverHome(nodeHome(home, { allowPaths, stateFolder }), logger),
    close: () => egress.close(),
  };
};
