import type { Answer } from './ask-hosts.ts';
import type { Findings } from './choose-peers.ts';
import { addressesOf, type Candidate } from './peer-source.ts';

export interface Settled {
  readonly findings: readonly Findings[];
  /** By host, without those of addresses that were not chosen. */
  readonly answers: ReadonlyMap<string, Answer>;
}

/** Chooses one address for each host that was asked by several: what the others answer does not count. */
export const settleAddresses = (findings: readonly Findings[], answers: ReadonlyMap<string, Answer>): Settled => {
  const settled = findings.map((source): Findings =>
    'error' in source ? source : { ...source, candidates: source.candidates.map((one) => settle(one, answers)) },
  );
  const chosen = new Set(
    settled.flatMap((source) => ('error' in source ? [] : source.candidates.flatMap(addressesOf))),
  );
  return { findings: settled, answers: new Map([...answers].filter(([host]) => chosen.has(host))) };
};

/**
 * The first address that answers. If they answer as different nodes, the earlier ones lead to another machine: private addresses are used in many
 * networks, and the agent need not be in the one of the instance.
 */
const settle = (candidate: Candidate, answers: ReadonlyMap<string, Answer>): Candidate => {
  if (candidate.others === undefined) return candidate;
  const { others, ...rest } = candidate;
  const idOf = (host: string): string | undefined => {
    const answer = answers.get(host);
    return answer !== undefined && 'nodeId' in answer ? answer.nodeId : undefined;
  };
  const addresses = addressesOf(candidate);
  const last = addresses.findLast((host) => idOf(host) !== undefined);
  if (last === undefined) return { ...rest, others, fault: whyNot(candidate.host, others, answers) };
  return { ...rest, host: addresses.find((host) => idOf(host) === idOf(last)) ?? last };
};

const whyNot = (host: string, others: readonly string[], answers: ReadonlyMap<string, Answer>): string => {
  const why = (address: string): string => {
    const answer = answers.get(address);
    return answer !== undefined && 'why' in answer ? answer.why : 'it was not asked';
  };
  return [why(host), ...others.map((address) => `${address}: ${why(address)}`)].join('; ');
};
