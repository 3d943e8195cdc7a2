import { TaskError } from '@nodetask/shared';
import { fileError, isMissing } from './file-errors.ts';
import { MembersReader, NoDocumentError } from './genesis/document-members.ts';
import { chainIdIn } from './genesis/genesis-document.ts';
import type { NodeHome } from './node-home.ts';
import { findGenesisFile } from './node-paths.ts';
import { streamFile } from './stream-file.ts';

/**
 * The chain of the node's genesis. That file may have gigabytes, and chain_id stands near its beginning: it is read no further than needed.
 * Undefined where it is missing, is no genesis document, or names no chain.
 */
export const findChainId = async (home: NodeHome, signal: AbortSignal): Promise<string | undefined> => {
  const { path } = await findGenesisFile(home);
  try {
    return await scan(path, signal);
  } catch (error) {
    if (isMissing(error) || error instanceof NoDocumentError) return undefined;
    throw signal.aborted ? error : fileError('read', path, error);
  }
};

/** The chain that the node belongs to, from its genesis. Throws TaskError `file-missing` or `file-invalid`. */
export const readChainId = async (home: NodeHome, signal: AbortSignal): Promise<string> => {
  const { path } = await findGenesisFile(home);
  try {
    const chainId = await scan(path, signal);
    if (chainId !== undefined) return chainId;
  } catch (error) {
    if (isMissing(error)) {
      throw new TaskError(
        'file-missing',
        `${path} is missing, and it tells which chain the node belongs to: write it with configure-genesis first`,
        { cause: error },
      );
    }
    if (error instanceof NoDocumentError) {
      throw new TaskError(
        'file-invalid',
        `${path} is no genesis document: it ${error.message}: write it anew with configure-genesis`,
        { cause: error },
      );
    }
    throw signal.aborted ? error : fileError('read', path, error);
  }
  throw new TaskError('file-invalid', `${path} has no chain_id: write it anew with configure-genesis`);
};

const scan = async (path: string, signal: AbortSignal): Promise<string | undefined> => {
  const reader = new MembersReader();
  for await (const chunk of streamFile(path, signal)) {
    reader.write(chunk);
    if (!reader.json.has('chain_id')) continue;
    const chainId = chainIdIn(reader.json);
    return chainId !== undefined && /^[A-Za-z0-9._-]+$/.test(chainId) ? chainId : undefined;
  }
  reader.end();
  return undefined;
};
