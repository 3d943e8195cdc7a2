import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { TaskError } from '@nodetask/shared';
import { fileError, isMissing } from './file-errors.ts';
import { JsonStream, JsonStreamError } from './json/json-stream.ts';
import type { NodeHome } from './node-home.ts';
import { findGenesisFile } from './node-paths.ts';

/**
 * The chain of the node's genesis. That file may have gigabytes, and chain_id stands near its beginning: it is read no further than needed.
 * Undefined where it is missing, is no JSON, or names no chain.
 */
export const findChainId = async (home: NodeHome, signal: AbortSignal): Promise<string | undefined> => {
  const { path } = await findGenesisFile(home);
  try {
    return await scan(path, signal);
  } catch (error) {
    if (isMissing(error) || isNoJson(error)) return undefined;
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
    if (isNoJson(error)) {
      throw new TaskError(
        'file-invalid',
        `${path} is no JSON: ${error.message}: write it anew with configure-genesis`,
        { cause: error },
      );
    }
    throw signal.aborted ? error : fileError('read', path, error);
  }
  throw new TaskError('file-invalid', `${path} has no chain_id: write it anew with configure-genesis`);
};

const isNoJson = (error: unknown): error is JsonStreamError | TypeError =>
  error instanceof JsonStreamError || error instanceof TypeError;

const scan = async (path: string, signal: AbortSignal): Promise<string | undefined> => {
  let chainId: string | undefined;
  const json = new JsonStream((key, value) => {
    if (key === 'chain_id') chainId = value;
  });
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
    for await (const chunk of file.createReadStream({ autoClose: false }) as AsyncIterable<Buffer>) {
      signal.throwIfAborted();
      json.write(decoder.decode(chunk, { stream: true }));
      if (chainId !== undefined) return /^[A-Za-z0-9._-]{1,50}$/.test(chainId) ? chainId : undefined;
    }
    json.end();
    return undefined;
  } finally {
    await file.close();
  }
};
