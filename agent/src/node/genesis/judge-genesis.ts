/** A genesis document is held against the programs that may read it: what none of them takes is refused, and those that do not take it are named. */
import type { DocumentMembers } from './document-members.ts';
import { GenesisFault } from './genesis-fault.ts';
import { cometBFTReaders, type GenesisReader, sdkReaders, seiReader, subjectOf } from './genesis-readers.ts';

/** As far as its configuration tells. */
export interface NodeKind {
  readonly dialect?: 'sei' | 'cometbft';
  /** It has an app.toml. */
  readonly inSDK: boolean;
  /** Of CometBFT, as its init writes it. */
  readonly version?: string;
}

/** The programs that the node may be. */
export const readersFor = ({ dialect, inSDK, version }: NodeKind): readonly GenesisReader[] => {
  if (dialect === 'sei') return [seiReader];
  if (dialect === undefined) return [...cometBFTReaders, ...sdkReaders, seiReader];
  const likely = inSDK
    ? [...cometBFTReaders.filter((reader) => reader.version === '0.37'), ...sdkReaders]
    : cometBFTReaders;
  const same = likely.filter((reader) => reader.version !== undefined && version?.startsWith(`${reader.version}.`));
  return same.length === 0 ? likely : same;
};

/**
 * Throws GenesisFault if none of the readers takes the document. Answers with what to warn of: which of those that are meant by its form do not take it, and what a node needs that does.
 */
export const judgeGenesis = (members: DocumentMembers, node: NodeKind): readonly string[] => {
  const readers = readersFor(node);
  const subject = subjectOf(members);
  const meant = readers.filter((reader) => isMeant(reader, members, node));
  const faults = new Map<GenesisReader, GenesisFault>();
  const tags = new Set<string>();
  for (const reader of readers) {
    try {
      for (const tag of reader.check(subject)) tags.add(tag);
    } catch (error) {
      if (!(error instanceof GenesisFault)) throw error;
      faults.set(reader, error);
    }
  }
  const fault =
    faults.size < readers.length ? undefined : (faults.get(meant.at(-1) ?? seiReader) ?? [...faults.values()].at(-1));
  if (fault !== undefined) throw fault;
  return [
    ...refusals(meant, faults),
    ...[...tags].map((tag) => `only a node that was built with the tag ${tag} takes the genesis`),
  ];
};

/** The form of the document tells; a document of CometBFT is for any reader of a node that is known. */
const isMeant = ({ software }: GenesisReader, { json }: DocumentMembers, { dialect }: NodeKind): boolean => {
  const form = formOf(json);
  return software === form || (dialect !== undefined && form !== 'sdk');
};

/** `consensus` is in documents of the Cosmos SDK from 0.50 on, and timeouts are parameters of Sei's node only. */
const formOf = (json: DocumentMembers['json']): GenesisReader['software'] => {
  if (json.has('consensus')) return 'sdk';
  return /"timeout"[ \t\r\n]*:/.test(json.get('consensus_params') ?? '') ? 'sei' : 'cometbft';
};

const refusals = (
  meant: readonly GenesisReader[],
  faults: ReadonlyMap<GenesisReader, GenesisFault>,
): readonly string[] => {
  const byFault = new Map<string, string[]>();
  for (const reader of meant) {
    const fault = faults.get(reader)?.message;
    if (fault !== undefined) byFault.set(fault, [...(byFault.get(fault) ?? []), reader.name]);
  }
  return [...byFault].map(
    ([fault, names]) =>
      `${names.join(', ')} ${names.length === 1 ? 'does' : 'do'} not start with the genesis: ${fault}`,
  );
};
