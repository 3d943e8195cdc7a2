import { askNode } from '../../node/ask-node.ts';
import { isTable } from '../../node/document-value.ts';
import { parseHeight } from '../../node/node-status.ts';
import type { RpcClient } from '../../node/rpc-client.ts';

/** The facts that a running seid tells about itself. */
export interface SeidNode {
  /** At most 40 characters. */
  readonly version: string;
  /** Of the last block that it executed; absent where it does not say. */
  readonly height?: number;
}

/** Asks the node itself, if it runs. Answers undefined if nothing answers, or nothing that tells. */
export type AskSeid = (signal: AbortSignal) => Promise<SeidNode | undefined>;

/** For where there is no node. */
export const askNoSeid: AskSeid = () => Promise.resolve(undefined);

/** @param nodeRPC base URL of the node's own RPC. https://docs.cometbft.com/v0.38/rpc/#/ABCI/abci_info */
export const createAskSeid =
  (rpc: RpcClient, nodeRPC: string): AskSeid =>
  async (signal) => {
    const response = (await askNode(rpc, nodeRPC, 'abci_info', signal))?.['response'];
    const { version, last_block_height: last } = isTable(response) ? response : {};
    if (typeof version !== 'string' || version === '') return undefined;
    const height = parseHeight(last);
    return { version: version.slice(0, 40), ...(height === undefined ? {} : { height }) };
  };
