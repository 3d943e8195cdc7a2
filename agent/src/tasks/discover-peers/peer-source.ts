/** Where hosts that may be peers come from. */
export interface PeerSource {
  /** For messages and the output: kind and address. */
  readonly name: string;
  /**
   * The hosts that it lists now, in an order that depends on nothing but the hosts; those that need not be asked bring their id. Throws
   * TaskError where the source itself cannot be read, or the signal's reason.
   */
  find(signal: AbortSignal): Promise<readonly Candidate[]>;
}

/** A host that may be a peer. */
export interface Candidate {
  /** A name or an IP address, the latter without brackets. */
  readonly host: string;
  /** Further addresses that should lead to the same node, in the order of preference after `host`. Those that lead to one machine everywhere come last. */
  readonly others?: readonly string[];
  /** Of its P2P. */
  readonly port: number;
  /** Absent: the host has to be asked. */
  readonly id?: string;
  /** Why it cannot be a peer; present: it is not asked. */
  readonly fault?: string;
}

/** All by which it may be asked. */
export const addressesOf = ({ host, others = [] }: Candidate): readonly string[] => [host, ...others];

/** The most hosts of a source; a node with more persistent peers than that has other troubles. */
export const maxHosts = 1_000;
