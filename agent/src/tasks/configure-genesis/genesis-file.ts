import { createHash } from 'node:crypto';
import { lstat } from 'node:fs/promises';
import { TaskError } from '@nodetask/shared';
import { fileError, isMissing } from '../../node/file-errors.ts';
import type { GenesisDocument } from '../../node/genesis/genesis-document.ts';
import { streamFile } from '../../node/stream-file.ts';
import { type Genesis, GenesisCheck } from './genesis-check.ts';

/** A genesis with its document, whose values have not been judged. */
export interface GenesisOnDisk extends Genesis {
  readonly document: GenesisDocument;
}

/**
 * What genesis.json holds now; undefined where it is missing or is no genesis document, which a new one may replace. The file is streamed.
 */
export const readGenesisFile = async (path: string, signal: AbortSignal): Promise<GenesisOnDisk | undefined> => {
  try {
    const hash = createHash('sha256');
    const check = new GenesisCheck(path);
    let bytes = 0;
    for await (const chunk of streamFile(path, signal)) {
      bytes += chunk.length;
      hash.update(chunk);
      check.write(chunk);
    }
    const document = check.end();
    return { chainId: document.chainId, sha256: hash.digest('hex'), bytes, document };
  } catch (error) {
    if (isMissing(error) || (error instanceof TaskError && error.code === 'genesis-invalid')) return undefined;
    if (signal.aborted) throw error;
    throw fileError('read', path, error);
  }
};

/**
 * Refuses a file at a place that the node's configuration names if it is there and is no genesis: a key of the node would be lost under a
 * wrong path. Throws TaskError `file-invalid`.
 */
export const refuseOtherFile = async (path: string, movedBy: string): Promise<void> => {
  try {
    await lstat(path);
  } catch (error) {
    if (isMissing(error)) return;
    throw fileError('look at', path, error);
  }
  throw new TaskError(
    'file-invalid',
    `${path}, which ${movedBy} names, is no genesis document, and only a genesis is replaced there: correct the key, or remove the file`,
  );
};
