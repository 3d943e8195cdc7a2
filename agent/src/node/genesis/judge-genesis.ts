/** A genesis document is held against the programs that may read it: no node takes what this refuses, and each that may not is named. */
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

/** By the form of the document: `consensus` is in that of the Cosmos SDK from 0.50 on. Of a node that is known, any of its readers is. */
const isMeant = ({ software }: GenesisReader, { json }: DocumentMembers, { dialect }: NodeKind): boolean =>
  json.has('consensus') ? software === 'sdk' : software === 'cometbft' || dialect !== undefined;

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
