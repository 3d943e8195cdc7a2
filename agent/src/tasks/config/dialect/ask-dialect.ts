import type { Dialect } from '@nodetask/shared';
import { askNode } from '../../../node/ask-node.ts';
import { isTable } from '../../../node/document-value.ts';
import type { RpcClient } from '../../../node/rpc-client.ts';

/** Asks the node itself, if it runs, what it is. Answers undefined if nothing answers, or nothing that tells. */
export type AskDialect = (signal: AbortSignal) => Promise<NodeAnswer | undefined>;

export interface NodeAnswer {
  readonly dialect: Dialect;
  /** A clause for a message. */
  readonly why: string;
}

/** For where there is no node. */
export const askNobody: AskDialect = () => Promise.resolve(undefined);

/** @param nodeRPC base URL of the node's own RPC */
export const createAskDialect =
  (rpc: RpcClient, nodeRPC: string): AskDialect =>
  async (signal) => {
    const info = (await askNode(rpc, nodeRPC, 'status', signal))?.['node_info'];
    const version = isTable(info) ? info['version'] : undefined;
    if (typeof version !== 'string') return undefined;
    const dialect = dialectOfVersion(version);
    if (dialect === undefined) return undefined;
    return { dialect, why: `the running node says that its version is ${version.slice(0, 40)}` };
  };

/** Sei's node is a fork of Tendermint 0.35, whose line CometBFT did not take up: it went on from 0.34 to 0.37. */
export const dialectOfVersion = (version: string): Dialect | undefined => {
  const [, major, minor] = /^v?(\d{1,3})\.(\d{1,3})\./.exec(version) ?? [];
  if (major === undefined || minor === undefined) return undefined;
  if (major !== '0') return 'cometbft';
  if (minor === '35' || minor === '36') return 'sei';
  return Number(minor) === 34 || Number(minor) >= 37 ? 'cometbft' : undefined;
};
