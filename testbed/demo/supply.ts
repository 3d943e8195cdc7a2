// How many coins there are on a chain of the Cosmos SDK, by the state of one node.
import * as z from 'zod';
import type { ChainRpc } from '../src/chain/chain-rpc.ts';

/** As the genesis of sdk-node has it. */
const denom = 'stake';
const Answer = z.object({ response: z.object({ code: z.number(), log: z.string(), value: z.base64().nullable() }) });

/** The supply of the chain's coin as the bank module of the node keeps it at a height: a text of protobuf, in base64. */
export const supplyAt = async (node: ChainRpc, height: number): Promise<string> => {
  // cosmos.bank.v1beta1.QuerySupplyOfRequest: field 1 is the denom.
  const request = Buffer.from([0x0a, denom.length, ...Buffer.from(denom)]).toString('hex');
  const path = encodeURIComponent('"/cosmos.bank.v1beta1.Query/SupplyOf"');
  const answer = await node.rpc(`/abci_query?path=${path}&data=0x${request}&height=${height}`);
  const { code, log, value } = Answer.parse(answer).response;
  if (code !== 0 || value === null) throw new Error(`${node.rpcUrl} has no supply of ${denom}: code ${code}, ${log}`);
  return value;
};
