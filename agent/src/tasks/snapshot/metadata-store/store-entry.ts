/** A snapshot that `metadata.db` of a node of the Cosmos SDK lists. */
export interface StoreEntry {
  readonly height: number;
  readonly format: number;
  /** Absent if the value of the key is not a message of the SDK. */
  readonly chunks?: number | undefined;
}

/** Which one of the snapshots an entry is about. */
export type EntryName = Pick<StoreEntry, 'height' | 'format'>;

/** Of one store. A node keeps a few snapshots, and this many names still fit into the arguments of a process. */
export const maxEntries = 1_000;

const prefix = 0x01;
const keyBytes = 13;

/**
 * The key of a snapshot: 0x01, the height (8 bytes, big-endian), the format (4 bytes, big-endian). Undefined for any other key.
 * https://github.com/cosmos/cosmos-sdk/blob/main/store/snapshots/store.go (encodeKey)
 */
export const parseKey = (key: Buffer): EntryName | undefined => {
  if (key.length !== keyBytes || key[0] !== prefix) return undefined;
  const height = Number(key.readBigUInt64BE(1));
  if (height < 1 || !Number.isSafeInteger(height)) return undefined;
  return { height, format: key.readUInt32BE(9) };
};

/**
 * The number of chunks that a value tells: a protobuf message Snapshot {height = 1, format = 2, chunks = 3, hash = 4, metadata = 5}. Undefined
 * if it is no such message, or one about another snapshot than its key.
 */
export const parseChunks = (value: Buffer, { height, format }: EntryName): number | undefined => {
  const numbers = new Map<number, bigint>();
  for (let at = 0; at < value.length;) {
    const tag = readVarint(value, at);
    if (tag === undefined) return undefined;
    const field = Number(tag.number >> 3n);
    const wire = Number(tag.number & 7n);
    const next = readVarint(value, tag.end);
    if (field === 0 || next === undefined) return undefined;
    if (wire === varintWire) numbers.set(field, next.number);
    else if (wire !== bytesWire) return undefined;
    at = wire === varintWire ? next.end : next.end + Number(next.number);
    if (at > value.length) return undefined;
  }
  if (numbers.get(1) !== BigInt(height) || (numbers.get(2) ?? 0n) !== BigInt(format)) return undefined;
  const chunks = Number(numbers.get(3) ?? 0n);
  return chunks <= maxUint32 ? chunks : undefined;
};

const varintWire = 0;
const bytesWire = 2;
const maxVarintBytes = 10;
const maxUint32 = 0xffff_ffff;

const readVarint = (bytes: Buffer, at: number): { readonly number: bigint; readonly end: number } | undefined => {
  let number = 0n;
  for (let index = 0; index < maxVarintBytes; index++) {
    const byte = bytes[at + index];
    if (byte === undefined) return undefined;
    number |= BigInt(byte & 0x7f) << BigInt(7 * index);
    if (byte < 0x80) return { number, end: at + index + 1 };
  }
  return undefined;
};
