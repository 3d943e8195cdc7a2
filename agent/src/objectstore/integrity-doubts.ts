import type { ObjectInfo } from './object-store.ts';
import { isPinned } from './object-version.ts';

/** Warnings about an object whose hash nobody knows: what its store cannot show of it. `subject` names it in words. */
export const integrityDoubts = (subject: string, object: ObjectInfo): readonly string[] => {
  const { checksum, unusedChecksum } = object;
  if (checksum !== undefined) return [];
  if (isPinned(object)) {
    return unusedChecksum === undefined
      ? []
      : [`the checksum of the ${subject} was not compared: the store keeps ${unusedChecksum}; give sha256`];
  }
  const gives = unusedChecksum === undefined ? 'no checksum' : `only the checksum ${unusedChecksum}`;
  return [
    `the store gives the ${subject} no ETag and ${gives}: nothing but its size and its format shows that it arrived whole; give sha256`,
  ];
};
