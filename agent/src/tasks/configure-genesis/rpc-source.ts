import { TaskError } from '@nodetask/shared';
import type { Egress } from '../../node/egress.ts';
import { describeURL } from '../../node/http/http-get.ts';
import { membersAt } from '../../node/json/scan-json.ts';
import type { RpcClient } from '../../node/rpc-client.ts';
import type { GenesisSource } from './genesis-source.ts';

/** CometBFT cuts the document into pieces of 16 MiB, which base64 makes a third longer. */
const maxChunkAnswerBytes = 64 * 1024 * 1024;
const chunkTimeoutMs = 120_000;
/** 64 GiB in CometBFT's pieces; the limit on bytes is lower. */
const maxChunks = 4_096;

/**
 * The genesis document of a running node, by `genesis_chunked`; by `genesis` where the node does not know that. A node answers with its
 * own encoding of the document: it says the same as the file, and has another SHA-256.
 */
export const rpcSource = (address: string, rpc: RpcClient, egress: Egress): GenesisSource => {
  const base = egress.checkURL('rpc', address).href;
  const name = `the RPC ${describeURL(new URL(base))}`;
  return {
    name,
    read: async function* ({ signal }) {
      const get = async (chunk: number): Promise<Chunk> => {
        const { result } = await rpc.call(
          base,
          'genesis_chunked',
          { chunk: String(chunk) },
          { signal, timeoutMs: chunkTimeoutMs, maxBytes: maxChunkAnswerBytes },
        );
        return decodeChunk(name, result, chunk);
      };
      let first: Chunk;
      try {
        first = await get(0);
      } catch (error) {
        if (!knowsNoChunks(error)) throw error;
        const { text } = await rpc.call(
          base,
          'genesis',
          {},
          { signal, timeoutMs: chunkTimeoutMs, maxBytes: maxChunkAnswerBytes },
        );
        yield wholeGenesis(name, text);
        return;
      }
      yield first.data;
      for (let index = 1; index < first.total; index++) {
        const chunk = await get(index);
        if (chunk.total !== first.total) {
          throw invalid(name, `said that there are ${first.total} chunks, and ${chunk.total} with chunk ${index}`);
        }
        yield chunk.data;
      }
    },
  };
};

interface Chunk {
  readonly total: number;
  readonly data: Buffer;
}

const decodeChunk = (name: string, result: Readonly<Record<string, unknown>>, wanted: number): Chunk => {
  const chunk = toCount(result['chunk']);
  const total = toCount(result['total']);
  const { data } = result;
  if (chunk !== wanted)
    throw invalid(name, `was asked for chunk ${wanted} and answers with chunk ${JSON.stringify(result['chunk'])}`);
  if (total === undefined || total <= wanted || total > maxChunks) {
    throw invalid(name, `says that there are ${JSON.stringify(result['total'])} chunks, with chunk ${wanted}`);
  }
  if (typeof data !== 'string' || data.length % 4 !== 0 || !/^[A-Za-z0-9+/]+={0,2}$/.test(data)) {
    throw invalid(name, `answers with chunk ${wanted} that is not base64`);
  }
  return { total, data: Buffer.from(data, 'base64') };
};

/** Numbers of CometBFT's RPC come as text, those of others as numbers. */
const toCount = (value: unknown): number | undefined => {
  const number = typeof value === 'string' && /^\d{1,9}$/.test(value) ? Number(value) : value;
  return typeof number === 'number' && Number.isSafeInteger(number) && number >= 0 ? number : undefined;
};

/** The part of the answer that is the document, as it is written there: parsing it would round its integers. */
const wholeGenesis = (name: string, text: string): Buffer => {
  const find = (offset: number, key: string): number | undefined =>
    membersAt(text, offset).find((member) => member.key === key)?.valueStart;
  const result = find(0, 'result') ?? 0;
  const genesis = membersAt(text, result).find((member) => member.key === 'genesis');
  if (genesis === undefined || text[genesis.valueStart] !== '{')
    throw invalid(name, 'answers to genesis without a genesis');
  return Buffer.from(text.slice(genesis.valueStart, genesis.valueEnd));
};

/** JSON-RPC's "method not found", or no such path. */
const knowsNoChunks = (error: unknown): boolean =>
  error instanceof TaskError &&
  error.code === 'rpc-invalid' &&
  (error.details?.['rpcCode'] === -32601 || error.details?.['httpStatus'] === 404);

const invalid = (name: string, what: string): TaskError =>
  new TaskError('rpc-invalid', `${name} ${what}; nothing was changed. Check the address and the node`);
