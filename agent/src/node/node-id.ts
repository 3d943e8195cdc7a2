import { createHash } from 'node:crypto';
import { TaskError } from '@nodetask/shared';
import * as z from 'zod';
import type { NodeHome } from './node-home.ts';
import { findNodeKeyFile } from './node-paths.ts';
import { readTextFile } from './read-file.ts';

/** An ed25519 key as CometBFT stores it: the 32 bytes of the seed, then the 32 of the public key, in base64. */
const nodeKeySchema = z.object({
  priv_key: z.object({
    type: z.literal('tendermint/PrivKeyEd25519'),
    value: z.string().regex(/^[A-Za-z0-9+/]{86}==$/),
  }),
});

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
  const key = nodeKeySchema.safeParse(parseJson(text));
  if (!key.success) {
    throw new TaskError('file-invalid', `${path} holds no ed25519 key as CometBFT writes it: restore it from a backup`);
  }
  const publicKey = Buffer.from(key.data.priv_key.value, 'base64').subarray(32);
  return createHash('sha256').update(publicKey).digest('hex').slice(0, 40);
};

const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    // What the parser says would quote the key.
    return undefined;
  }
};
