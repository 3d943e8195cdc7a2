import { withoutTrailing } from '@nodetask/runtime/foreign-text';
import { archiveError } from './archive-error.ts';
import type { ByteQueue } from './byte-queue.ts';
import { decodeName, entrySegments, quoteName } from './entry-path.ts';
import { applyPax, type PaxValues } from './pax-records.ts';
import { blockBytes, checksum, paddingAfter } from './tar-header.ts';

/** What an archive holds, in its order. After a file come pieces of its content, `bytes` in all. */
export type TarEvent =
  | { readonly kind: 'directory'; readonly segments: readonly string[]; readonly mode: number }
  | { readonly kind: 'file'; readonly segments: readonly string[]; readonly mode: number; readonly bytes: number }
  /** Valid until the next event is asked for. */
  | { readonly kind: 'data'; readonly chunk: Buffer };

/** Of a pax header or a long name; anything beyond is an attack, not a name. */
const maxMetaBytes = 64 * 1024;
/** Before one entry: a comment for the archive, a pax header, a long name, a long target. Without an end they would cost time and count nowhere. */
const maxMetaHeaders = 16;
/**
 * Zeros after the end. GNU tar fills its last record, which has 10 KiB by default and 1 MiB with `--blocking-factor=2048`, more than tapes
 * take. They compress to next to nothing: without a bound a small archive costs any amount of time.
 */
const maxPaddingBytes = 1024 * 1024;

/**
 * Reads a tar archive of regular files and directories: ustar, pax, and the long names and large numbers of GNU tar. Anything else in it
 * (links, devices, sparse files) is refused, as is an archive that has no end. Throws TaskError `snapshot-invalid`.
 */
export async function* readTar(input: ByteQueue): AsyncGenerator<TarEvent, void, undefined> {
  let pending: PaxValues = {};
  let metaHeaders = 0;
  for (;;) {
    const header = await input.take(blockBytes);
    if (header.length < blockBytes) throw archiveError('ends in the middle: it is cut off');
    if (isEmpty(header)) break;
    const entry = parseHeader(header);
    if (isMeta(entry.flag)) {
      metaHeaders += 1;
      if (metaHeaders > maxMetaHeaders) throw archiveError(`has more than ${maxMetaHeaders} headers before one entry`);
      pending = { ...pending, ...(await readMeta(input, entry)) };
      continue;
    }
    const name = pending.name ?? decodeName(entry.name);
    const bytes = pending.bytes ?? entry.bytes;
    pending = {};
    metaHeaders = 0;
    const segments = entrySegments(name);
    if (entry.flag === '5' && bytes > 0) throw archiveError(`has a folder with content: ${quoteName(name)}`);
    switch (entry.flag) {
      case '5':
        yield { kind: 'directory', segments, mode: entry.mode };
        break;
      case '0':
      case '\0':
      case '7':
        // Archives from before POSIX mark a directory by the end of its name.
        if (entry.flag === '\0' && name.endsWith('/')) {
          yield { kind: 'directory', segments, mode: entry.mode };
          break;
        }
        if (segments.length === 0) throw archiveError('has a file without a name');
        yield { kind: 'file', segments, mode: entry.mode, bytes };
        yield* content(input, name, bytes);
        break;
      default:
        throw archiveError(
          `has ${nameOfKind(entry.flag)} ${quoteName(name)}; only regular files and folders are unpacked`,
        );
    }
  }
  await readEnd(input);
}

async function* content(input: ByteQueue, name: string, bytes: number): AsyncGenerator<TarEvent, void, undefined> {
  for (let left = bytes; left > 0;) {
    const chunk = await input.takeSome(left);
    if (chunk.length === 0) throw archiveError(`ends in the middle of ${quoteName(name)}: it is cut off`);
    left -= chunk.length;
    yield { kind: 'data', chunk };
  }
  const padding = paddingAfter(bytes);
  if ((await input.take(padding)).length < padding) throw archiveError(`ends after ${quoteName(name)}: it is cut off`);
}

/** The second empty block, and only more of them, but not without end: whatever else follows belongs to no entry. */
const readEnd = async (input: ByteQueue): Promise<void> => {
  if (!isEmpty(await input.take(blockBytes))) throw archiveError('goes on after its end');
  let bytes = 0;
  for await (const chunk of input.rest()) {
    if (!isEmpty(chunk)) throw archiveError('goes on after its end');
    bytes += chunk.length;
    if (bytes > maxPaddingBytes) throw archiveError(`has more than ${maxPaddingBytes} bytes of padding after its end`);
  }
};

interface Header {
  /** Not decoded: where a longer name goes before it, this one may be cut in the middle of a character. */
  readonly name: Buffer;
  readonly mode: number;
  readonly bytes: number;
  readonly flag: string;
}

const parseHeader = (header: Buffer): Header => {
  if (parseNumber(header, 148, 8) !== checksum(header))
    throw archiveError('is no tar archive, or is damaged: a header has a wrong checksum');
  const flag = String.fromCharCode(header[156] ?? 0);
  const prefix = header.toString('latin1', 257, 263) === 'ustar\0' ? field(header, 345, 155) : Buffer.alloc(0);
  const name = field(header, 0, 100);
  return {
    name: prefix.length === 0 ? name : Buffer.concat([prefix, Buffer.from('/'), name]),
    mode: parseNumber(header, 100, 8) & 0o777,
    bytes: parseNumber(header, 124, 12),
    flag,
  };
};

const field = (header: Buffer, at: number, length: number): Buffer => {
  const bytes = header.subarray(at, at + length);
  const end = bytes.indexOf(0);
  return end === -1 ? bytes : bytes.subarray(0, end);
};

/** Octal digits, or (GNU) a big-endian number after a first byte of 0x80. */
const parseNumber = (header: Buffer, at: number, length: number): number => {
  const bytes = header.subarray(at, at + length);
  if (((bytes[0] ?? 0) & 0x80) !== 0) {
    const value = BigInt(`0x${bytes.toString('hex')}`) & ((1n << BigInt(8 * length - 1)) - 1n);
    if (bytes[0] !== 0x80 || value > BigInt(Number.MAX_SAFE_INTEGER))
      throw archiveError('has a header with a number that is out of range');
    return Number(value);
  }
  const digits = withoutTrailing(bytes.toString('latin1'), '\0 ').trimStart();
  if (!/^[0-7]*$/.test(digits)) throw archiveError('has a header with a number that is none');
  return digits === '' ? 0 : Number.parseInt(digits, 8);
};

const isMeta = (flag: string): boolean => flag === 'x' || flag === 'g' || flag === 'L' || flag === 'K';

const readMeta = async (input: ByteQueue, { flag, bytes }: Header): Promise<PaxValues> => {
  if (bytes > maxMetaBytes)
    throw archiveError(`has a header of ${bytes} bytes, more than the ${maxMetaBytes} that are read`);
  const whole = bytes + paddingAfter(bytes);
  const block = await input.take(whole);
  if (block.length < whole) throw archiveError('ends in the middle of a header: it is cut off');
  const meta = block.subarray(0, bytes);
  switch (flag) {
    case 'L':
      return { name: withoutTrailing(decodeName(meta), '\0') };
    case 'x':
      return applyPax(meta);
    default:
      // Comments for the whole archive, and the long target of a link, which is refused when it comes.
      return {};
  }
};

const zeros = Buffer.alloc(64 * 1024);

const isEmpty = (bytes: Buffer): boolean => {
  for (let at = 0; at < bytes.length; at += zeros.length) {
    const piece = bytes.subarray(at, at + zeros.length);
    if (!piece.equals(zeros.subarray(0, piece.length))) return false;
  }
  return true;
};

const nameOfKind = (flag: string): string => {
  switch (flag) {
    case '1':
      return 'a hard link';
    case '2':
      return 'a symbolic link';
    case '3':
    case '4':
      return 'a device';
    case '6':
      return 'a FIFO';
    case 'S':
      return 'a sparse file';
    default:
      return `an entry of the unknown kind ${JSON.stringify(flag)}`;
  }
};
