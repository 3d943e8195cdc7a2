/**
 * CRC-32C (Castagnoli) and CRC-64/NVME, by which stores tell what they keep; Node.js has CRC-32 alone. Both take eight bytes at a time by eight
 * tables, in halves of 32 bits: some two to four times as fast as those of the SDK. `npm run bench -- checksums` measures them.
 */

/** A running CRC: eight bytes hold both. */
export interface CRC {
  update(piece: Uint8Array): void;
  /** Big-endian, as stores write it. */
  end(): Buffer;
}

/** Of each byte value, followed by 0 to 7 zero bytes. `high` stays 0 if the polynomial has 32 bits. */
const makeTables = (high: number, low: number): { readonly high: Table[]; readonly low: Table[] } => {
  const tables = { high: Array.from({ length: 8 }, table), low: Array.from({ length: 8 }, table) };
  for (let value = 0; value < 256; value++) {
    let h = 0;
    let l = value;
    for (let bytes = 0; bytes < 8; bytes++) {
      for (let bit = 0; bit < 8; bit++) {
        const isOdd = (l & 1) === 1;
        l = ((l >>> 1) | (h << 31)) ^ (isOdd ? low : 0);
        h = (h >>> 1) ^ (isOdd ? high : 0);
      }
      (tables.high[bytes] as Table)[value] = h;
      (tables.low[bytes] as Table)[value] = l;
    }
  }
  return tables;
};

type Table = Int32Array;
type Eight = readonly [Table, Table, Table, Table, Table, Table, Table, Table];

const table = (): Table => new Int32Array(256);

/** Parts of a piece: bytes up to a multiple of four in its memory, words of 32 bits, an even number of them, and bytes. */
const alignedParts = (
  piece: Uint8Array,
): { readonly before: Uint8Array; readonly words: Int32Array; readonly after: Uint8Array } => {
  const start = Math.min((4 - (piece.byteOffset & 3)) & 3, piece.length);
  const words = (piece.length - start) >>> 3;
  return {
    before: piece.subarray(0, start),
    // Little-endian, as each machine is that the images are for.
    words: new Int32Array(piece.buffer, words === 0 ? 0 : piece.byteOffset + start, words * 2),
    after: piece.subarray(start + words * 8),
  };
};

let castagnoli: Eight | undefined;

export const crc32c = (): CRC => {
  castagnoli ??= makeTables(0, 0x82f63b78 | 0).low as unknown as Eight;
  const [t0, t1, t2, t3, t4, t5, t6, t7] = castagnoli;
  let sum = -1;
  const takeBytes = (bytes: Uint8Array): void => {
    for (const byte of bytes) sum = (sum >>> 8) ^ at(t0, (sum ^ byte) & 255);
  };
  return {
    update: (piece) => {
      const { before, words, after } = alignedParts(piece);
      takeBytes(before);
      let running = sum;
      for (let index = 0; index < words.length; index += 2) {
        const a = running ^ at(words, index);
        const b = at(words, index + 1);
        running =
          at(t7, a & 255) ^
          at(t6, (a >>> 8) & 255) ^
          at(t5, (a >>> 16) & 255) ^
          at(t4, a >>> 24) ^
          at(t3, b & 255) ^
          at(t2, (b >>> 8) & 255) ^
          at(t1, (b >>> 16) & 255) ^
          at(t0, b >>> 24);
      }
      sum = running;
      takeBytes(after);
    },
    end: () => {
      const bytes = Buffer.alloc(4);
      bytes.writeInt32BE(~sum);
      return bytes;
    },
  };
};

let nvme: { readonly high: Eight; readonly low: Eight } | undefined;

export const crc64nvme = (): CRC => {
  nvme ??= makeTables(0x9a6c9329 | 0, 0xac4bc9b5 | 0) as unknown as { high: Eight; low: Eight };
  const [h0, h1, h2, h3, h4, h5, h6, h7] = nvme.high;
  const [l0, l1, l2, l3, l4, l5, l6, l7] = nvme.low;
  let high = -1;
  let low = -1;
  const takeBytes = (bytes: Uint8Array): void => {
    for (const byte of bytes) {
      const index = (low ^ byte) & 255;
      low = ((low >>> 8) | (high << 24)) ^ at(l0, index);
      high = (high >>> 8) ^ at(h0, index);
    }
  };
  return {
    update: (piece) => {
      const { before, words, after } = alignedParts(piece);
      takeBytes(before);
      let h = high;
      let l = low;
      for (let index = 0; index < words.length; index += 2) {
        const a = l ^ at(words, index);
        const b = h ^ at(words, index + 1);
        const a0 = a & 255;
        const a1 = (a >>> 8) & 255;
        const a2 = (a >>> 16) & 255;
        const a3 = a >>> 24;
        const b0 = b & 255;
        const b1 = (b >>> 8) & 255;
        const b2 = (b >>> 16) & 255;
        const b3 = b >>> 24;
        h = at(h7, a0) ^ at(h6, a1) ^ at(h5, a2) ^ at(h4, a3) ^ at(h3, b0) ^ at(h2, b1) ^ at(h1, b2) ^ at(h0, b3);
        l = at(l7, a0) ^ at(l6, a1) ^ at(l5, a2) ^ at(l4, a3) ^ at(l3, b0) ^ at(l2, b1) ^ at(l1, b2) ^ at(l0, b3);
      }
      high = h;
      low = l;
      takeBytes(after);
    },
    end: () => {
      const bytes = Buffer.alloc(8);
      bytes.writeInt32BE(~high);
      bytes.writeInt32BE(~low, 4);
      return bytes;
    },
  };
};

/** Each index is within its table. */
const at = (values: Int32Array, index: number): number => values[index] as number;
