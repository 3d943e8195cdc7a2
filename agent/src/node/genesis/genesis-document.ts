import { type DocumentMembers, MembersReader, NoDocumentError } from './document-members.ts';

/** A document that is known to be a genesis, of some chain; its values have not been judged. */
export interface GenesisDocument {
  readonly chainId: string;
  readonly members: DocumentMembers;
}

/**
 * Reads a genesis document as it streams by, without holding it: one JSON object with `chain_id` and `genesis_time`, and something to start from. Throws NoDocumentError.
 * https://docs.cometbft.com/v0.38/core/using-cometbft#genesis
 */
export class GenesisDocumentReader {
  readonly #reader = new MembersReader();

  write(chunk: Uint8Array): void {
    this.#reader.write(chunk);
  }

  end(): GenesisDocument {
    const members = this.#reader.end();
    const chainId = chainIdIn(members.json);
    if (chainId === undefined) {
      const others = members.others.length === 0 ? '' : `, but ${members.others.join(', ')}`;
      throw new NoDocumentError(`has no chain_id that is a text of 1 to ${maxChainIdBytes} bytes${others}`);
    }
    if ((members.json.get('genesis_time') ?? 'null') === 'null') {
      // A node takes the time of its start then, each another one.
      throw new NoDocumentError('has no genesis_time that is a time such as 2026-01-31T12:00:00Z');
    }
    if (members.appState === undefined && !beginnings.some((name) => members.json.has(name))) {
      throw new NoDocumentError(`has none of app_state, ${beginnings.join(', ')}`);
    }
    return { chainId, members };
  }
}

/** As CometBFT limits it. */
const maxChainIdBytes = 50;

/** Undefined where there is none that a node takes. */
export const chainIdIn = (json: ReadonlyMap<string, string>): string | undefined => {
  const written = json.get('chain_id');
  if (written?.startsWith('"') !== true) return undefined;
  const chainId = JSON.parse(written) as string;
  const bytes = Buffer.byteLength(chainId);
  return bytes === 0 || bytes > maxChainIdBytes ? undefined : chainId;
};

/** `consensus` is where newer versions of the Cosmos SDK put what CometBFT's own document has in the two after it. */
const beginnings = ['consensus', 'consensus_params', 'validators'];
