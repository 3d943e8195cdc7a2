import { createHash } from 'node:crypto';
import { TaskError } from '@nodetask/shared';
import * as z from 'zod';
import type { NodeHome } from './node-home.ts';
import { findNodeKeyFile } from './node-paths.ts';
import { readTextFile } from './read-file.ts';

const nodeKeySchema = z.object({ priv_key: z.object({ type: z.string(), value: z.string() }) });

const ed25519 = 'tendermint/PrivKeyEd25519';
/** The 32 bytes of the seed, then the 32 of the public key, in base64. */
const ed25519Key = /^[A-Za-z0-9+/]{85}[AQgw]==$/;

const maxBytes = 64 * 1024;

/**
 * The id under which this node is known to its peers, by its node key: the first 20 bytes of the SHA-256 of its public key, in
 * hex. Undefined where the node has no key yet, because it has never been started. Throws TaskError `file-invalid`; no message holds the key.
 * https://docs.cometbft.com/v0.38/spec/p2p/node
 */
export const readOwnNodeId = async (home: NodeHome): Promise<string | undefined> => {
  const { path } = await findNodeKeyFile(home);
  const text = await readTextFile(path, maxBytes);
  if (text === undefined) return undefined;
  const publicKey = Buffer.from(ed25519KeyOf(path, text), 'base64').subarray(32);
  return createHash('sha256').update(publicKey).digest('hex').slice(0, 40);
};

const ed25519KeyOf = (path: string, text: string): string => {
  const key = nodeKeySchema.safeParse(parseJson(text));
  if (!key.success)
    throw damaged(path, 'is no node key as CometBFT writes it, JSON with priv_key.type and priv_key.value');
  const { type, value } = key.data.priv_key;
  if (type !== ed25519) {
    const kind = /^tendermint\/PrivKey\w{1,40}$/.test(type) ? type : 'of another type';
    throw damaged(path, `holds a key that is ${kind}, not ${ed25519}, the only one that peers take`);
  }
  if (!ed25519Key.test(value))
    throw damaged(path, 'holds a priv_key.value that is not the 64 bytes of an ed25519 key in base64');
  return value;
};

const damaged = (path: string, what: string): TaskError =>
  new TaskError('file-invalid', `${path} ${what}: restore it from a backup`);

const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    // What the parser says would quote the key.
    return undefined;
  }
};
