import { promisify } from 'node:util';
import { type Codec, maxBlockBytes } from './codec.ts';
import { ownMemory } from './own-memory.ts';
import { zlib } from './zlib.ts';

/**
 * gzip (RFC 1952): each block is a member of its own, whose extra field `NT` holds the size of the whole member as a 32-bit little-endian
 * number, much as BGZF does it for its smaller blocks.
 */
export const gzipCodec: Codec = {
  name: 'gzip',
  extension: 'tar.gz',
  contentType: 'application/gzip',
  storesDense: true,
  compressor: () => ({ compress: compressMember, close: () => undefined }),
  announcementBytes: 20,
  announced: (head) => {
    if (head.length < announcementBytes || !head.subarray(0, 4).equals(magicWithExtra)) return undefined;
    if (!head.subarray(plainHeadBytes, announcementBytes - 4).equals(announcement)) return undefined;
    return head.readUInt32LE(announcementBytes - 4);
  },
  decompress: async (block) =>
    ownMemory(await decompress(block, { chunkSize: outputBytes(block), maxOutputLength: maxBlockBytes })),
  decompressor: () => zlib().createGunzip({ chunkSize: 512 * 1024 }),
  refusal: () => undefined,
};

const compress = (block: Buffer, options: { level: number; chunkSize: number }): Promise<Buffer> =>
  promisify<Buffer, typeof options, Buffer>(zlib().gzip)(block, options);
const decompress = (block: Buffer, options: { chunkSize: number; maxOutputLength: number }): Promise<Buffer> =>
  promisify<Buffer, typeof options, Buffer>(zlib().gunzip)(block, options);

const plainHeadBytes = 10;
/**
 * One more than a member says at its end that it holds: the end is seen at once, nothing has to be joined, and small blocks take little memory.
 * No less than what Buffer has memory of its own for.
 */
const outputBytes = (member: Buffer): number =>
  Math.min(maxBlockBytes, Math.max(minOutputBytes, member.readUInt32LE(member.length - 4) + 1));
const minOutputBytes = 64 * 1024;

const announcementBytes = 20;
const flagExtra = 4;
const magicWithExtra = Buffer.from([0x1f, 0x8b, 8, flagExtra]);
/** Two letters of who defines it, and the length of the data. */
const subfield = Buffer.from([...Buffer.from('NT'), 4, 0]);
const announcement = Buffer.from([subfield.length + 4, 0, ...subfield]);

/**
 * Level 1 is nearly as small as the usual 6 on such data and several times as fast. The chunks of state-sync snapshots are compressed
 * already, and on those deflate is at its slowest for nothing: such a block is only stored.
 */
const compressMember = async (block: Buffer, isDense: boolean): Promise<readonly Buffer[]> => {
  const member = await compress(block, { level: isDense ? 0 : 1, chunkSize: block.length + 1024 });
  const head = Buffer.alloc(announcementBytes);
  member.copy(head, 0, 0, plainHeadBytes);
  head[3] = flagExtra;
  head.writeUInt16LE(subfield.length + 4, plainHeadBytes);
  subfield.copy(head, plainHeadBytes + 2);
  head.writeUInt32LE(member.length + head.length - plainHeadBytes, announcementBytes - 4);
  return [head, member.subarray(plainHeadBytes)];
};
