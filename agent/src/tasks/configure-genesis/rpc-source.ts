import { withoutTrailing } from '@nodetask/runtime/foreign-text';
import { TaskError } from '@nodetask/shared';
import type { Egress } from '../../node/egress.ts';
import { describeURL } from '../../node/http/http-get.ts';
import type { LargeRpcAnswer } from '../../node/large-rpc-answer.ts';
import type { RpcClient } from '../../node/rpc-client.ts';
import { waitFor } from '../../outside-waits.ts';
import type { GenesisSource } from './genesis-source.ts';

/** CometBFT cuts the document into pieces of 16 MiB, which base64 makes a third longer: 22.4 MB. */
const maxChunkAnswerBytes = 24 * 1024 * 1024;
/** Of the whole document in one answer, which only nodes give that know no pieces. */
const maxGenesisAnswerBytes = 64 * 1024 * 1024;
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
        const members = ['chunk', 'total', 'data'];
        const options = { signal, timeoutMs: chunkTimeoutMs, maxBytes: maxChunkAnswerBytes, members };
        const { member } = await waitFor(
          () =>
            `${chunk === 0 ? 'the first chunk' : `chunk ${chunk}`} of ${withoutTrailing(describeURL(new URL(base)), '/')}/genesis_chunked`,
          async () => rpc.callLarge(base, 'genesis_chunked', { chunk: String(chunk) }, options),
        );
        return decodeChunk(name, member, chunk);
      };
      let first: Chunk;
      try {
        first = await get(0);
      } catch (error) {
        if (!knowsNoChunks(error)) throw error;
        const { member } = await rpc.callLarge(
          base,
          'genesis',
          {},
          { signal, timeoutMs: chunkTimeoutMs, maxBytes: maxGenesisAnswerBytes, members: ['genesis'] },
        );
        // As it is written there: parsing it would round its integers.
        const genesis = member('genesis');
        if (genesis?.at(0) !== openBrace) throw invalid(name, 'answers to genesis without a genesis');
        yield genesis;
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

const decodeChunk = (name: string, member: LargeRpcAnswer['member'], wanted: number): Chunk => {
  const [chunkText, totalText] = [shortText(member('chunk')), shortText(member('total'))];
  const total = toCount(totalText);
  if (toCount(chunkText) !== wanted) {
    throw invalid(name, `was asked for chunk ${wanted} and answers with chunk ${chunkText}`);
  }
  if (total === undefined || total <= wanted || total > maxChunks) {
    throw invalid(name, `says that there are ${totalText} chunks, with chunk ${wanted}`);
  }
  const data = member('data')?.toString('latin1') ?? '';
  if (data.length % 4 !== 2 || !/^"[A-Za-z0-9+/]+={0,2}"$/.test(data)) {
    throw invalid(name, `answers with chunk ${wanted} that is not base64`);
  }
  return { total, data: Buffer.from(data.slice(1, -1), 'base64') };
};

/** JSON text as far as a message shows it. */
const shortText = (json: Buffer | undefined): string => json?.toString('utf8', 0, 80) ?? 'undefined';

/** Numbers of CometBFT's RPC come as text, those of others as numbers. */
const toCount = (json: string): number | undefined => {
  const [, digits] = /^"?(\d{1,9})"?$/.exec(json) ?? [];
  return digits === undefined ? undefined : Number(digits);
};

const openBrace = 0x7b;

/** JSON-RPC's "method not found", or no such path. */
const knowsNoChunks = (error: unknown): boolean => error instanceof TaskError && error.code === 'rpc-method-missing';

const invalid = (name: string, what: string): TaskError =>
  new TaskError('rpc-invalid', `${name} ${what}; nothing was changed. Check the address and the node`);
