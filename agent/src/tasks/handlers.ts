import type { Clock } from '@nodetask/shared';
import type { TaskHandlers } from '../engine/task-handler.ts';
import type { Egress } from '../node/egress.ts';
import { nodeHome } from '../node/node-home.ts';
import { createRpcClient } from '../node/rpc-client.ts';
import type { OnTransfer } from '../objectstore/store-calls.ts';
import { configApply } from './config-apply/config-apply.ts';
import { configPatch } from './config-patch/config-patch.ts';
import { configReload } from './config-reload/config-reload.ts';
import { procProcessTable } from './config-reload/process-table.ts';
import { configValidate } from './config-validate/config-validate.ts';
import { createAskSeid } from './config/ask-seid.ts';
import { createAskDialect } from './config/dialect/ask-dialect.ts';
import { configureGenesis } from './configure-genesis/configure-genesis.ts';
import { configureStateSync } from './configure-state-sync/configure-state-sync.ts';
import { discoverPeers } from './discover-peers/discover-peers.ts';
import { markReady } from './mark-ready/mark-ready.ts';
import { resultExport } from './result-export/result-export.ts';
import { snapshotRestore } from './snapshot-restore/snapshot-restore.ts';
import { snapshotUpload } from './snapshot-upload/snapshot-upload.ts';

export interface HandlerOptions {
  /** Home folder of the node: NODETASK_HOME. */
  readonly home: string;
  /** Folders outside of it below which the node's configuration may have its files. */
  readonly allowPaths?: readonly string[];
  /** The agent's own state folder, outside of what a restore or a reset of the node clears. */
  readonly stateFolder: string;
  /** Base URL of the node's own RPC. */
  readonly nodeRPC: string;
  readonly egress: Egress;
  readonly clock: Clock;
  /** For defaults that depend on the host. */
  readonly hostname: string;
  readonly cpus: number;
  readonly onTransfer?: OnTransfer;
}

/** The handlers of all task types. */
export const createHandlers = (options: HandlerOptions): Required<TaskHandlers> => {
  const { home: root, allowPaths = [], stateFolder, nodeRPC, egress, clock, hostname, cpus } = options;
  const home = nodeHome(root, { allowPaths, stateFolder });
  const host = { hostname, cpus };
  const transfer = options.onTransfer === undefined ? {} : { onTransfer: options.onTransfer };
  const rpc = createRpcClient(egress, clock);
  const askDialect = createAskDialect(rpc, nodeRPC);
  const askSeid = createAskSeid(rpc, nodeRPC);
  return {
    'config-patch': configPatch(home, askDialect),
    'config-apply': configApply(home, host, askDialect, askSeid),
    'config-validate': configValidate(home, askDialect, askSeid),
    'config-reload': configReload(home, host, procProcessTable(), askDialect),
    'mark-ready': markReady(),
    'configure-genesis': configureGenesis({ home, egress, rpc, nodeRPC, clock, ...transfer }),
    'discover-peers': discoverPeers({ home, stateFolder, egress, rpc, clock, askDialect }),
    'configure-state-sync': configureStateSync({ home, egress, rpc, clock, askDialect }),
    'snapshot-upload': snapshotUpload({ home, egress, clock, cpus, ...transfer }),
    'snapshot-restore': snapshotRestore({ home, nodeRPC, rpc, egress, clock, cpus, ...transfer }),
    'result-export': resultExport({ home, stateFolder, nodeRPC, egress, rpc, clock, ...transfer }),
  };
};
