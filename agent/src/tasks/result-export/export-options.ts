import type { Clock } from '@nodetask/shared';
import type { Egress } from '../../node/egress.ts';
import type { NodeHome } from '../../node/node-home.ts';
import type { RpcClient } from '../../node/rpc-client.ts';
import type { OnTransfer } from '../../objectstore/store-calls.ts';
import type { ExportTuning } from './tuning.ts';

export interface ExportOptions {
  readonly home: NodeHome;
  /** The agent's own state folder. */
  readonly stateFolder: string;
  /** Base URL of the node's own RPC. */
  readonly nodeRPC: string;
  readonly egress: Egress;
  readonly rpc: RpcClient;
  readonly clock: Clock;
  readonly onTransfer?: OnTransfer;
  readonly tuning?: Partial<ExportTuning>;
}
