import { TaskError } from '@nodetask/shared';
import type { NodeStatus } from '../../node/node-status.ts';
import type { Dropped } from './witness-servers.ts';

export interface Witness {
  readonly server: string;
  readonly status: NodeStatus;
}

export interface SelectOptions {
  /** Of this node; absent: it has never been started. */
  readonly ownId?: string | undefined;
  /** Of this node's genesis; absent: there is none yet. */
  readonly ownChainId?: string | undefined;
  /** Who is further behind the others than this many blocks is left out. */
  readonly maxLag: number;
}

export interface Selection {
  readonly witnesses: readonly Witness[];
  readonly dropped: readonly Dropped[];
}

/**
 * The servers that may vouch for a block: of the right chain, each node once, not this node, and not far behind: a node that is still
 * catching up would draw the trust height into the past. Throws TaskError `chain-mismatch` where nothing says which chain is this node's.
 */
export const selectWitnesses = (candidates: readonly Witness[], options: SelectOptions): Selection => {
  if (options.ownChainId === undefined) refuseSeveralChains(candidates);
  const witnesses: Witness[] = [];
  const dropped: Dropped[] = [];
  for (const candidate of candidates) {
    const why = whyNot(candidate, witnesses, options);
    if (why === undefined) witnesses.push(candidate);
    else dropped.push({ server: candidate.server, why });
  }
  const tip = lowerMedian(witnesses.map(({ status }) => status.latestHeight));
  const lags = ({ status }: Witness): boolean => status.latestHeight < tip - options.maxLag;
  const late = witnesses.filter(lags).map(({ server, status }) => ({
    server,
    why: `it is at height ${status.latestHeight}, far behind the ${tip} of the others`,
  }));
  return { witnesses: witnesses.filter((witness) => !lags(witness)), dropped: [...dropped, ...late] };
};

const whyNot = (
  { status }: Witness,
  accepted: readonly Witness[],
  { ownId, ownChainId }: SelectOptions,
): string | undefined => {
  if (status.nodeId === ownId) return 'it is this node itself';
  if (ownChainId !== undefined && status.chainId !== ownChainId) {
    return `it is a node of chain ${status.chainId}; the genesis of this node is of ${ownChainId}`;
  }
  const same = accepted.find((witness) => witness.status.nodeId === status.nodeId);
  if (same !== undefined) return `it is the same node as ${same.server}`;
  return status.latestHeight === 0 ? 'it has no block yet' : undefined;
};

const refuseSeveralChains = (candidates: readonly Witness[]): void => {
  const [first] = candidates;
  const other = candidates.find(({ status }) => status.chainId !== first?.status.chainId);
  if (first === undefined || other === undefined) return;
  throw new TaskError(
    'chain-mismatch',
    `${first.server} is a node of chain ${first.status.chainId} and ${other.server} of ${other.status.chainId}, and there is no ` +
      "genesis file that says which is this node's; nothing was changed. Run configure-genesis first",
  );
};

/** Neither one that lags nor one that boasts can move it far. */
const lowerMedian = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor((values.length - 1) / 2)] ?? 0;
