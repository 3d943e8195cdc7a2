import { systemClock } from '@nodetask/runtime';
import type { ConfigureGenesisParams } from '@nodetask/shared';
import type { TaskHandler } from '../../engine/task-handler.ts';
import { createRpcClient } from '../../node/rpc-client.ts';
import { configureGenesis, type ConfigureGenesisOptions } from '../configure-genesis/configure-genesis.ts';

/** configure-genesis on a home whose node does not run, unless `options` say where its RPC is. */
export const genesisHandler = (
  options: Pick<ConfigureGenesisOptions, 'home' | 'egress'> & Partial<ConfigureGenesisOptions>,
): TaskHandler<ConfigureGenesisParams> =>
  configureGenesis({
    rpc: createRpcClient(options.egress, systemClock),
    nodeRPC: 'http://127.0.0.1:1',
    clock: systemClock,
    ...options,
  });
