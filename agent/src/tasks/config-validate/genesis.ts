import { stat } from 'node:fs/promises';
import { databasesOf } from '../../node/databases.ts';
import { fileError, isMissing } from '../../node/file-errors.ts';
import { NoDocumentError } from '../../node/genesis/document-members.ts';
import { type GenesisDocument, GenesisDocumentReader } from '../../node/genesis/genesis-document.ts';
import { GenesisFault } from '../../node/genesis/genesis-fault.ts';
import { judgeGenesis, type NodeKind } from '../../node/genesis/judge-genesis.ts';
import type { NodeHome } from '../../node/node-home.ts';
import { findGenesisFile } from '../../node/node-paths.ts';
import { streamFile } from '../../node/stream-file.ts';
import type { Diagnostic } from '../config/diagnostic.ts';

/** A few seconds of reading. Larger documents are read by configure-genesis only, which is given half an hour. */
const maxBytes = 512 * 1024 * 1024;

const field = 'genesis.json';

/**
 * What keeps the node from starting with the genesis that is there: an ERROR as long as the node has no state. A node that has some reads the genesis
 * in some versions only. Nothing is said of a genesis that is missing.
 */
export const genesisDiagnostics = async (
  home: NodeHome,
  node: NodeKind,
  signal: AbortSignal,
): Promise<readonly Diagnostic[]> => {
  try {
    return await diagnose((await findGenesisFile(home)).path, { home, node, signal });
  } catch (error) {
    if (signal.aborted) throw error;
    return isMissing(error) ? [] : [notChecked(fileError('read', 'the genesis', error).message)];
  }
};

const notChecked = (why: string): Diagnostic => ({
  severity: 'INFO',
  field,
  message: `the genesis is not checked: ${why}`,
});

const diagnose = async (
  path: string,
  { home, node, signal }: { readonly home: NodeHome; readonly node: NodeKind; readonly signal: AbortSignal },
): Promise<readonly Diagnostic[]> => {
  const { size } = await stat(path);
  if (size > maxBytes) return [notChecked(`${path} has ${size} bytes, and config-validate reads at most ${maxBytes}`)];
  try {
    const { members } = await read(path, signal);
    return judgeGenesis(members, node).map((message) => ({ severity: 'WARNING', field, message }));
  } catch (error) {
    if (!(error instanceof GenesisFault || error instanceof NoDocumentError)) throw error;
    const hasState = (await databasesOf(home)).length > 0;
    const when = hasState ? 'the node has state, and some versions read the genesis all the same; ' : '';
    const why = error instanceof GenesisFault ? error.message : `it ${error.message}`;
    const message = `${path} is no genesis with which the node starts: ${why}: ${when}write it anew with configure-genesis`;
    return [{ severity: hasState ? 'WARNING' : 'ERROR', field, message }];
  }
};

const read = async (path: string, signal: AbortSignal): Promise<GenesisDocument> => {
  const reader = new GenesisDocumentReader();
  for await (const chunk of streamFile(path, signal)) reader.write(chunk);
  return reader.end();
};
