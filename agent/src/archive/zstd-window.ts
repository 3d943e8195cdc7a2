/**
 * How much memory the reader of a zstd frame needs, by its header. A writer chooses it (`zstd --long=N` is 2^N bytes), and the reader has to keep
 * that much of what it has unpacked. https://datatracker.ietf.org/doc/html/rfc8878#section-3.1.1.1
 */

/** The window of the first frame in bytes; undefined where `head` does not show it. */
export const zstdWindow = (head: Buffer): number | undefined => {
  const at = afterSkippable(head);
  if (at === undefined || head.length < at + 6 || head.readUInt32LE(at) !== frameMagic) return undefined;
  const descriptor = head.readUInt8(at + 4);
  if ((descriptor & singleSegment) === 0) return windowOf(head.readUInt8(at + 5));
  // The content is one segment, which is kept as a whole: its size takes the place of the window.
  return contentSize(head, at + 5 + (dictionaryBytes[descriptor & 3] ?? 0), descriptor >> 6);
};

const frameMagic = 0xfd2fb528;
const skippableMagic = 0x184d2a50;
const singleSegment = 0x20;
const dictionaryBytes = [0, 1, 2, 4];

const afterSkippable = (head: Buffer): number | undefined => {
  let at = 0;
  while (head.length >= at + 8 && (head.readUInt32LE(at) & 0xfffffff0) >>> 0 === skippableMagic)
    at += 8 + head.readUInt32LE(at + 4);
  return head.length < at + 4 ? undefined : at;
};

const windowOf = (descriptor: number): number => {
  const base = 2 ** (10 + (descriptor >> 3));
  return base + (base / 8) * (descriptor & 7);
};

const contentSize = (head: Buffer, at: number, flag: number): number | undefined => {
  const bytes = [1, 2, 4, 8][flag] ?? 1;
  if (head.length < at + bytes) return undefined;
  if (flag === 3) return Number(head.readBigUInt64LE(at));
  return head.readUIntLE(at, bytes) + (flag === 1 ? 256 : 0);
};

/** `--long=N` of the zstd program that reads a window of so many bytes. */
export const longOf = (window: number): number => Math.ceil(Math.log2(window));
