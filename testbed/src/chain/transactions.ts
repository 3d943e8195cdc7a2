// Gives the chain's application a state worth a snapshot, and asks for it.
import { createHash } from 'node:crypto';
import * as z from 'zod';
import type { ChainRpc } from './chain-rpc.ts';

const COUNT = 100;
const VALUE_CHARACTERS = 2_000;

const Checked = z.object({ code: z.number(), log: z.string() });
const Answer = z.object({ response: z.object({ value: z.base64().nullable() }) });

const keyOf = (index: number): string => `demo-${index}`;

const valueOf = (index: number): string =>
  createHash('shake256', { outputLength: VALUE_CHARACTERS / 2 })
    .update(keyOf(index))
    .digest('hex');

/** Returns when the node has taken all of them into its mempool; they are in blocks soon after. */
export const sendTransactions = async (node: ChainRpc): Promise<void> => {
  for (let index = 0; index < COUNT; index++) {
    const transaction = encodeURIComponent(`"${keyOf(index)}=${valueOf(index)}"`);
    const { code, log } = Checked.parse(await node.rpc(`/broadcast_tx_sync?tx=${transaction}`));
    if (code !== 0) throw new Error(`${node.rpcUrl} refused a transaction: code ${code}, ${log}`);
  }
};

/** How many of the transactions the node's state holds. */
export const countInState = async (node: ChainRpc): Promise<{ readonly found: number; readonly sent: number }> => {
  let found = 0;
  for (let index = 0; index < COUNT; index++) {
    const query = encodeURIComponent(`"${keyOf(index)}"`);
    const { value } = Answer.parse(await node.rpc(`/abci_query?data=${query}`)).response;
    if (Buffer.from(value ?? '', 'base64').toString() === valueOf(index)) found++;
  }
  return { found, sent: COUNT };
};
