import { createHash } from 'node:crypto';
import type { ObjectStoreLocation } from '../objectstore/location.ts';

/** 32 hexadecimal digits that stand for server, bucket and prefix: the same however the params spell them. */
export const destinationId = ({ bucket, prefix, endpoint }: ObjectStoreLocation): string => {
  const server = endpoint === undefined ? '' : new URL(endpoint).origin;
  return createHash('sha256')
    .update(JSON.stringify([server, bucket, prefix]))
    .digest('hex')
    .slice(0, 32);
};
