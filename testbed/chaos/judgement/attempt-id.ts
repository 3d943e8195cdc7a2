import { createHash } from 'node:crypto';

/** The id of an attempt by the contract (UUIDv5 of the NodeTask's UID), computed without the operator's code, which is on trial. */
export const attemptID = (nodeTaskUID: string, pod: string, attempt: number): string => {
  const hash = createHash('sha1')
    .update(Buffer.from(nodeTaskUID.replaceAll('-', ''), 'hex'))
    .update(JSON.stringify(['', pod, attempt]))
    .digest('hex');
  const variant = ((Number.parseInt(hash.slice(16, 18), 16) & 0x3f) | 0x80).toString(16);
  return [
    hash.slice(0, 8),
    hash.slice(8, 12),
    `5${hash.slice(13, 16)}`,
    `${variant}${hash.slice(18, 20)}`,
    hash.slice(20, 32),
  ].join('-');
};
