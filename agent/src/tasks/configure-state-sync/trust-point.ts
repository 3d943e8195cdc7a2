import { TaskError } from '@nodetask/shared';
import { isTable } from '../../node/document-value.ts';
import { parseHeight } from '../../node/node-status.ts';
import type { RpcClient } from '../../node/rpc-client.ts';
import { mapConcurrently } from '../map-concurrently.ts';
import { whyOf } from '../why.ts';
import type { Selection, Witness } from './select-witnesses.ts';
import type { Dropped } from './witness-servers.ts';

/** A block that the node starts to trust from. */
export interface TrustPoint {
  readonly height: number;
  /** 64 upper-case hexadecimal digits. */
  readonly hash: string;
  /** When it was made, in milliseconds since the epoch. */
  readonly time: number;
}

/** What witnesses say of one height. */
export interface Testimony {
  readonly height: number;
  /** Those that have the block. */
  readonly votes: readonly Vote[];
  readonly dropped: readonly Dropped[];
}

interface Vote {
  readonly server: string;
  readonly hash: string;
  readonly time: number;
}

export interface AskOptions {
  readonly rpc: RpcClient;
  readonly signal: AbortSignal;
  /** Budget of one witness. */
  readonly timeoutMs: number;
  /** Heights above the asked one that a witness must have. */
  readonly above?: number;
}

const concurrency = 16;

/** Asks every witness for its block at a height, and drops those that do not have it. Rejects with the signal's reason only. */
export const askForBlock = async (
  witnesses: readonly Witness[],
  height: number,
  options: AskOptions,
): Promise<Testimony> => {
  const answers = await mapConcurrently(witnesses, concurrency, (witness) => askOne(witness, height, options));
  return {
    height,
    votes: answers.flatMap((answer) => ('hash' in answer ? answer : [])),
    dropped: answers.flatMap((answer) => ('why' in answer ? answer : [])),
  };
};

const askOne = async (
  { server, status }: Witness,
  height: number,
  { rpc, signal, timeoutMs, above = 0 }: AskOptions,
): Promise<Vote | Dropped> => {
  const { earliestHeight, latestHeight } = status;
  if (earliestHeight > height) return { server, why: `it has pruned height ${height}: it begins at ${earliestHeight}` };
  if (latestHeight < height + above) return { server, why: `it is at ${latestHeight}, not yet at ${height + above}` };
  try {
    const { result } = await rpc.call(server, 'commit', { height: String(height) }, { signal, timeoutMs });
    return { server, ...readCommit(server, result, height, status.chainId) };
  } catch (error) {
    signal.throwIfAborted();
    return { server, why: whyOf(error) };
  }
};

/** https://docs.cometbft.com/v0.38/rpc/#/Info/commit */
const readCommit = (
  server: string,
  result: Readonly<Record<string, unknown>>,
  height: number,
  chainId: string,
): Omit<Vote, 'server'> => {
  const signed = isTable(result['signed_header']) ? result['signed_header'] : {};
  const header = isTable(signed['header']) ? signed['header'] : {};
  const commit = isTable(signed['commit']) ? signed['commit'] : {};
  const blockId = isTable(commit['block_id']) ? commit['block_id'] : {};
  const fault = (member: string, value: unknown): TaskError =>
    new TaskError(
      'rpc-invalid',
      `${server} answers to /commit at height ${height} with ${member} ${(JSON.stringify(value) ?? 'missing').slice(0, 80)}`,
    );
  for (const [member, value] of [
    ['header.height', header['height']],
    ['commit.height', commit['height']],
  ] as const) {
    if (parseHeight(value) !== height) throw fault(member, value);
  }
  if (header['chain_id'] !== chainId) throw fault('header.chain_id', header['chain_id']);
  const { hash } = blockId;
  if (typeof hash !== 'string' || !/^[0-9A-F]{64}$/i.test(hash)) throw fault('commit.block_id.hash', hash);
  const time = typeof header['time'] === 'string' ? Date.parse(header['time']) : Number.NaN;
  if (!Number.isFinite(time)) throw fault('header.time', header['time']);
  return { hash: hash.toUpperCase(), time };
};

/**
 * The block on which all witnesses agree, `fewest` of them at least. Throws TaskError `witness-disagreement` as soon as any two do not,
 * `too-few-witnesses`.
 */
export const agreedBlock = (
  { height, votes, dropped }: Testimony,
  earlier: Selection['dropped'],
  fewest: number,
): TrustPoint => {
  const [first] = votes;
  const other = votes.find(({ hash }) => hash !== first?.hash);
  if (first !== undefined && other !== undefined) {
    throw new TaskError(
      'witness-disagreement',
      `${first.server} and ${other.server} have different blocks at height ${height}: ${first.hash} and ${other.hash}; nothing was ` +
        'changed. Find out which of the two lies or is on a fork',
      { output: { trustHeight: height, hashes: Object.fromEntries(votes.map(({ server, hash }) => [server, hash])) } },
    );
  }
  if (first === undefined || votes.length < fewest) throw tooFewWitnesses(votes, [...earlier, ...dropped], fewest);
  return { height, hash: first.hash, time: Math.min(...votes.map(({ time }) => time)) };
};

export const tooFewWitnesses = (
  live: readonly { readonly server: string }[],
  dropped: readonly Dropped[],
  fewest: number,
): TaskError => {
  const needed = fewest === 1 ? 'one witness is needed' : 'two distinct witnesses are needed';
  const remedy = live.length === 1 ? '. If the chain has no other RPC, set allowSingleWitness: true' : '';

  const shown = dropped.slice(0, 4).map(({ server, why }) => `${server}: ${why}`);
  if (shown.length === 0) shown.push('there is nobody else to ask');
  if (dropped.length > shown.length) shown.push(`and ${dropped.length - shown.length} more`);
  return new TaskError(
    'too-few-witnesses',
    `${needed}, and there ${live.length === 1 ? 'is 1' : 'are none'}; nothing was changed: ${shown.join('; ')}${remedy}`,
    {
      output: {
        witnesses: live.map(({ server }) => server),
        dropped: dropped.map(({ server, why }) => ({ server, why })),
      },
    },
  );
};
