import type { Clock, Logger } from '@nodetask/shared';
import type { BlockHeights } from '../engine/block-heights.ts';
import type { TaskHandlers } from '../engine/task-handler.ts';
import { rpcBlockHeights } from '../node/block-heights.ts';
import { openConfigFolder } from '../node/config-folder.ts';
import { createEgress, type EgressOptions } from '../node/egress.ts';
import { findConfigFolder, nodeHome } from '../node/node-home.ts';
import { createRpcClient } from '../node/rpc-client.ts';
import { createHandlers } from './handlers.ts';

export interface NodePartsOptions extends EgressOptions {
  /** Home folder of the node: NODETASK_HOME. */
  readonly home: string;
  readonly hostname: string;
  readonly cpus: number;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Everything of the agent that touches the node: what the engine needs from it, wired. */
export interface NodeParts {
  readonly handlers: TaskHandlers;
  readonly heights: BlockHeights;
  /**
   * Completes or undoes what a crash interrupted in config/. Every task does so before it reads there; at the start of the agent it spares
   * the node, which may start too, half of a change. Throws TaskError.
   */
  recover(): Promise<void>;
  /** Ends idle connections. */
  close(): Promise<void>;
}

export const createNodeParts = (options: NodePartsOptions): NodeParts => {
  const { home, clock, logger, nodeRPC } = options;
  const egress = createEgress(options);
  return {
    handlers: createHandlers({ ...options, egress }),
    heights: rpcBlockHeights({ rpc: createRpcClient(egress, clock), nodeRPC, clock, logger }),
    recover: async () => {
      if ((await findConfigFolder(nodeHome(home))) !== undefined) await openConfigFolder(nodeHome(home), logger);
    },
    close: () => egress.close(),
  };
};
