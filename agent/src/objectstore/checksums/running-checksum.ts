import { createHash } from 'node:crypto';
import { zlib } from '../../archive/zlib.ts';
import { type CRC, crc32c, crc64nvme } from './crc.ts';
import type { Algorithm, ObjectChecksum, PartsOfObject } from './stored-checksum.ts';

/** Computes a checksum from the pieces of an object. */
export interface RunningChecksum {
  update(piece: Uint8Array): void;
  /** As the store writes it. */
  end(): string;
}

export const runningChecksum = ({ algorithm, parts }: Pick<ObjectChecksum, 'algorithm' | 'parts'>): RunningChecksum => {
  if (parts !== undefined) return checksumOfParts(algorithm, parts);
  const sum = summer(algorithm);
  return { update: (piece) => sum.update(piece), end: () => sum.end().toString('base64') };
};

const checksumOfParts = (algorithm: Algorithm, { bytes }: PartsOfObject): RunningChecksum => {
  const all = summer(algorithm);
  let part = summer(algorithm);
  let left = bytes;
  let count = 0;
  const endPart = (): void => {
    all.update(part.end());
    part = summer(algorithm);
    left = bytes;
    count += 1;
  };
  return {
    update: (piece) => {
      let rest = piece;
      while (rest.length > 0) {
        const taken = rest.subarray(0, left);
        part.update(taken);
        left -= taken.length;
        rest = rest.subarray(taken.length);
        if (left === 0) endPart();
      }
    },
    end: () => {
      if (left < bytes) endPart();
      return `${all.end().toString('base64')}-${count}`;
    },
  };
};

const summer = (algorithm: Algorithm): CRC => {
  if (algorithm === 'crc32') return crc32();
  if (algorithm === 'crc32c') return crc32c();
  if (algorithm === 'crc64nvme') return crc64nvme();
  const hash = createHash(algorithm);
  return { update: (piece) => void hash.update(piece), end: () => hash.digest() };
};

const crc32 = (): CRC => {
  let sum = 0;
  return {
    update: (piece) => {
      sum = zlib().crc32(piece, sum);
    },
    end: () => {
      const bytes = Buffer.alloc(4);
      bytes.writeUInt32BE(sum);
      return bytes;
    },
  };
};
