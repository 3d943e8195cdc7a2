import { archiveError } from './archive-error.ts';

const maxPathBytes = 4_096;
const maxSegmentBytes = 255;
const maxDepth = 64;

/**
 * The segments of an entry's name below the folder that is unpacked into; empty for that folder itself. Refuses what would lead out of it,
 * and what a file system cannot hold. Names may begin with a dot.
 */
export const entrySegments = (name: string): readonly string[] => {
  if (name.startsWith('/')) throw refuse(name, 'an absolute name');
  if (name.includes('\0')) throw refuse(name, 'a name with a NUL byte');
  if (Buffer.byteLength(name) > maxPathBytes) throw refuse(name, `a name of more than ${maxPathBytes} bytes`);
  const segments = name.split('/').filter((segment) => segment !== '' && segment !== '.');
  if (segments.length > maxDepth) throw refuse(name, `a name of more than ${maxDepth} folders`);
  for (const segment of segments) {
    if (segment === '..') throw refuse(name, 'a name with ".."');
    if (Buffer.byteLength(segment) > maxSegmentBytes)
      throw refuse(name, `a part of more than ${maxSegmentBytes} bytes`);
  }
  return segments;
};

const refuse = (name: string, what: string): Error =>
  archiveError(`has ${what}, which is not unpacked: ${quoteName(name)}`);

/** Names are UTF-8: a lossy decode would give two files one name. */
export const decodeName = (bytes: Uint8Array): string => {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (error) {
    throw archiveError(`has a name that is not UTF-8: ${quoteName(Buffer.from(bytes).toString('latin1'))}`, error);
  }
};

/** Names come from strangers: short, and without control characters. */
export const quoteName = (name: string): string => JSON.stringify(name.length > 200 ? `${name.slice(0, 200)}…` : name);
