import { TaskError } from '@nodetask/shared';
import { formatPeerAddress, hostAndPort, parsePeerAddress, type PeerAddress } from '../../node/peer-address.ts';
import type { Answer } from './ask-hosts.ts';
import { addressesOf, type Candidate } from './peer-source.ts';

/** What a source lists, or why it could not be read. */
export type Findings = { readonly name: string } & (
  { readonly candidates: readonly Candidate[] } | { readonly error: string }
);

export interface ChoiceInput {
  readonly findings: readonly Findings[];
  /** By host. */
  readonly answers: ReadonlyMap<string, Answer>;
  /** Of this node; absent: it has never been started, so nobody can have listed it. */
  readonly ownId?: string | undefined;
  /** Of this node's genesis; absent: there is none yet. */
  readonly ownChainId?: string | undefined;
  /** The members of the list that the file has now, as they stand there. */
  readonly existing: readonly string[];
  /** Node ids that earlier runs wrote into the file. */
  readonly written: ReadonlySet<string>;
  /** True if peers that no earlier run wrote stay. */
  readonly keepOthers: boolean;
}

export interface HostNote {
  /** host:port. */
  readonly host: string;
  readonly why: string;
}

export interface SourceReport {
  readonly source: string;
  /** How many of the peers it has given. */
  readonly peers: number;
  /** Hosts that did not tell their node id. */
  readonly unreachable: readonly HostNote[];
  /** Hosts that told it, and are left out all the same. */
  readonly skipped: readonly HostNote[];
  /** Why the source could not be read. */
  readonly error?: string;
}

export interface Choice {
  /** In the order of the sources and of what each lists. */
  readonly found: readonly PeerAddress[];
  /**
   * Members of the list, as they will stand there, that stay although no host answered for them: their host is listed and did not answer, a source could not be read
   * and may be where they came from, or somebody else wrote them.
   */
  readonly kept: readonly string[];
  /** Members of the list that leave it. */
  readonly removed: readonly string[];
  readonly chainVerified: 'verified' | 'genesis-missing' | 'peers-unproven';
  readonly sources: readonly SourceReport[];
}

/**
 * Which hosts become peers: those that told their id, each node once, this node never, and of one chain only. Throws TaskError
 * `chain-mismatch` where nothing says which of several chains is this node's.
 */
export const choosePeers = (input: ChoiceInput): Choice => {
  refuseSeveralChains(input);
  const found = new Map<string, PeerAddress>();
  let isProven = true;
  const silent = new Set<string>();
  const sources = input.findings.map((findings) => {
    const report = { source: findings.name, peers: 0, unreachable: [] as HostNote[], skipped: [] as HostNote[] };
    if ('error' in findings) return { ...report, error: findings.error };
    for (const candidate of findings.candidates) {
      const host = hostAndPort(candidate.host, candidate.port);
      const verdict = judge(candidate, input, found);
      if ('peer' in verdict) {
        found.set(verdict.peer.id, verdict.peer);
        // One that is listed with its id was not asked which chain it is of.
        isProven &&= candidate.id === undefined;
        report.peers++;
      } else if ('unreachable' in verdict) {
        report.unreachable.push({ host, why: verdict.unreachable });
        for (const address of addressesOf(candidate)) silent.add(address);
      } else report.skipped.push({ host, why: verdict.skipped });
    }
    return report;
  });
  const isIncomplete = sources.some((source) => 'error' in source);
  const stays = ({ id, host }: PeerAddress): boolean =>
    id !== input.ownId && (isIncomplete || silent.has(host) || (input.keepOthers && !input.written.has(id)));
  const chainVerified = input.ownChainId === undefined ? 'genesis-missing' : isProven ? 'verified' : 'peers-unproven';
  return { found: [...found.values()], ...divide(input, found, stays, isIncomplete), chainVerified, sources };
};

/** Which members of the file's list stay, and which leave. One whose node was found stays too, with the address that was found. */
const divide = (
  { existing, keepOthers }: ChoiceInput,
  found: ReadonlyMap<string, PeerAddress>,
  stays: (peer: PeerAddress) => boolean,
  isIncomplete: boolean,
): Pick<Choice, 'kept' | 'removed'> => {
  const kept = new Map<string, string>();
  const removed: string[] = [];
  for (const text of existing) {
    const peer = parsePeerAddress(text);
    if (peer !== undefined && found.has(peer.id)) continue;
    const key = peer?.id ?? text;
    // A member that is no peer address was not written by this task.
    const isKept = !kept.has(key) && (peer === undefined ? keepOthers || isIncomplete : stays(peer));
    // In the node's own spelling: CometBFT does not connect to a peer whose id is in upper case.
    if (isKept) kept.set(key, peer === undefined ? text : formatPeerAddress(peer));
    else removed.push(text);
  }
  return { kept: [...kept.values()], removed };
};

type Verdict = { readonly peer: PeerAddress } | { readonly unreachable: string } | { readonly skipped: string };

const judge = (
  { host, port, id: known, fault }: Candidate,
  { answers, ownId, ownChainId }: ChoiceInput,
  found: ReadonlyMap<string, PeerAddress>,
): Verdict => {
  if (fault !== undefined) return { unreachable: fault };
  const answer = known === undefined ? answers.get(host) : { nodeId: known, chainId: undefined };
  if (answer === undefined) return { unreachable: 'it was not asked' };
  if ('why' in answer) return { unreachable: answer.why };
  const { nodeId: id, chainId } = answer;
  if (id === ownId) return { skipped: 'this node itself' };
  if (ownChainId !== undefined && chainId !== undefined && chainId !== ownChainId) {
    return { skipped: `a node of chain ${chainId}; the genesis of this node is of ${ownChainId}` };
  }
  const other = found.get(id);
  return other === undefined
    ? { peer: { id, host, port } }
    : { skipped: `the same node as ${hostAndPort(other.host, other.port)}` };
};

const refuseSeveralChains = ({ answers, ownChainId, ownId }: ChoiceInput): void => {
  if (ownChainId !== undefined) return;
  const hostByChain = new Map<string, string>();
  for (const [host, answer] of answers) {
    if ('chainId' in answer && answer.nodeId !== ownId) hostByChain.set(answer.chainId, host);
  }
  if (hostByChain.size < 2) return;
  const chains = [...hostByChain].slice(0, 4).map(([chainId, host]) => `${host} of ${chainId}`);
  throw new TaskError(
    'chain-mismatch',
    `the hosts are nodes of ${hostByChain.size} chains (${chains.join(', ')}), and there is no genesis file that says which is ` +
      "this node's; nothing was changed. Run configure-genesis first",
  );
};

/** The reasons for which there is no peer at all, as far as a message can hold them. */
export const describeNoPeers = (sources: readonly SourceReport[]): string =>
  sources
    .map(({ source, unreachable, skipped, error }) => {
      if (error !== undefined) return `${source}: ${error}`;
      const notes = [...unreachable, ...skipped];
      if (notes.length === 0) return `${source}: lists no host`;
      const more = notes.length > 3 ? `; and ${notes.length - 3} more hosts` : '';
      return `${source}: ${notes
        .slice(0, 3)
        .map(({ host, why }) => `${host}: ${why}`)
        .join('; ')}${more}`;
    })
    .join(' | ');

export const formatPeers = (peers: readonly PeerAddress[]): readonly string[] => peers.map(formatPeerAddress);
