import { TaskError } from '@nodetask/shared';
import { NoDocumentError } from '../../node/genesis/document-members.ts';
import { type GenesisDocument, GenesisDocumentReader } from '../../node/genesis/genesis-document.ts';
import { GenesisFault } from '../../node/genesis/genesis-fault.ts';
import { judgeGenesis, type NodeKind } from '../../node/genesis/judge-genesis.ts';
import { genesisInvalid } from './genesis-invalid.ts';

/** What is told of a genesis document. */
export type Genesis = Readonly<Record<'sha256' | 'chainId', string> & Record<'bytes', number>>;

/** Reads a genesis document as it streams by. Throws TaskError `genesis-invalid`. */
export class GenesisCheck {
  readonly #source: string;
  readonly #reader = new GenesisDocumentReader();

  /** `source` names the document in messages. */
  constructor(source: string) {
    this.#source = source;
  }

  write(chunk: Uint8Array): void {
    this.#guard(() => {
      this.#reader.write(chunk);
    });
  }

  /** Once the whole document has passed. */
  end(): GenesisDocument {
    return this.#guard(() => this.#reader.end());
  }

  #guard<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      if (error instanceof NoDocumentError) throw genesisInvalid(this.#source, error.message, undefined, error);
      throw error;
    }
  }
}

/** Answers with what to warn of. Throws TaskError `genesis-invalid` for a document with which no node starts that this may be. */
export const checkValues = ({ members }: GenesisDocument, source: string, node: NodeKind): readonly string[] => {
  try {
    return judgeGenesis(members, node);
  } catch (error) {
    if (!(error instanceof GenesisFault)) throw error;
    const nodes = node.dialect === 'sei' ? 'node of Sei' : 'node of CometBFT or the Cosmos SDK';
    throw new TaskError(
      'genesis-invalid',
      `no ${nodes} starts with ${source}: ${error.message}; nothing was changed. Correct it where the document is made, or take another source`,
      { cause: error },
    );
  }
};
