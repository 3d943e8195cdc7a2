/** A genesis that came is held against the parameters of the task. */
import { type ConfigureGenesisParams, TaskError } from '@nodetask/shared';
import type { Packing } from './document-kind.ts';
import type { Genesis } from './genesis-check.ts';

/** A genesis as it came: `sha256` and `bytes` are those of the document. */
export interface GenesisAsItCame extends Genesis {
  /** The layers that were taken off it, from the outside in, and the hash of what was fetched; absent if it came as it is. */
  readonly packed?: { readonly layers: readonly Packing[]; readonly sha256: string };
  /** Warnings about what its source cannot show of it. */
  readonly doubts?: readonly string[];
}

/** Of a task, beside its reason. */
type GenesisOutput = Genesis & { readonly unpacked?: readonly Packing[]; readonly packedSha256?: string };

/** Throws TaskError `chain-mismatch` or `hash-mismatch`. */
export const heldAgainst = (params: ConfigureGenesisParams, genesis: GenesisAsItCame, name: string): GenesisOutput => {
  const { sha256, chainId, bytes, packed } = genesis;
  if (params.chainId !== undefined && params.chainId !== chainId) {
    throw new TaskError(
      'chain-mismatch',
      `${name} holds the genesis of chain ${JSON.stringify(chainId)}, and chainId is ${params.chainId}; nothing was changed. Check the source`,
    );
  }
  if (params.sha256 !== undefined && params.sha256 !== sha256 && params.sha256 !== packed?.sha256) {
    const hint =
      params.rpc === undefined
        ? 'somebody may have replaced it'
        : 'a node answers with its own encoding, whose hash is not that of the file it was started from';
    const has =
      packed === undefined
        ? `the SHA-256 ${sha256}`
        : `the SHA-256 ${packed.sha256} as it came (${packed.layers.join(', ')}) and ${sha256} unpacked`;
    throw new TaskError(
      'hash-mismatch',
      `${name} has ${has}, and sha256 is ${params.sha256}; nothing was changed: ${hint}`,
    );
  }
  const unpacked = packed === undefined ? {} : { unpacked: packed.layers, packedSha256: packed.sha256 };
  return { sha256, chainId, bytes, ...unpacked };
};

/** Says which of two hashes was compared; nothing where there is one only. */
export const comparedHash = ({ sha256 }: ConfigureGenesisParams, { packed }: GenesisAsItCame): readonly string[] => {
  if (packed === undefined) return [];
  const was = `unpacked from ${packed.layers.join(', ')}`;
  if (sha256 === undefined) return [was];
  const of = sha256 === packed.sha256 ? 'what was fetched, before it was unpacked' : 'the unpacked document';
  return [was, `sha256 was compared with that of ${of}`];
};

/** A hash that was given makes sure of all bytes. */
export const doubtsOf = ({ sha256 }: ConfigureGenesisParams, { doubts = [] }: GenesisAsItCame): readonly string[] =>
  sha256 === undefined ? doubts : [];
