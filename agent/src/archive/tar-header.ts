/**
 * Headers of the tar format, as POSIX.1-2017 has them: ustar, with a pax header before an entry whose name, size or owner does not fit.
 * https://pubs.opengroup.org/onlinepubs/9699919799/utilities/pax.html#tag_20_92_13_06
 */
export interface TarEntry {
  /** Of path segments joined by `/`, without one at the end. */
  readonly path: string;
  readonly type: 'file' | 'directory';
  /** Permission bits. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Seconds since the epoch. */
  readonly mtime: number;
  /** 0 for a directory. */
  readonly bytes: number;
}

export const blockBytes = 512;

/** Two empty blocks end an archive. */
export const endOfArchive = Buffer.alloc(2 * blockBytes);

/** How many zero bytes follow the content of an entry. */
export const paddingAfter = (bytes: number): number => (blockBytes - (bytes % blockBytes)) % blockBytes;

const maxName = 100;
/** The largest number that so many octal digits and a terminator hold. */
const maxOctal = (field: number): number => 8 ** (field - 1) - 1;

export const tarHeader = (entry: TarEntry): Buffer => {
  const name = entry.type === 'directory' ? `${entry.path}/` : entry.path;
  const records: string[] = [];
  const add = (key: string, value: string | number): void => {
    records.push(paxRecord(key, String(value)));
  };
  if (Buffer.byteLength(name) > maxName || !isAscii(name)) add('path', name);
  if (entry.bytes > maxOctal(12)) add('size', entry.bytes);
  if (entry.uid > maxOctal(8)) add('uid', entry.uid);
  if (entry.gid > maxOctal(8)) add('gid', entry.gid);
  const header = ustarHeader({ ...entry, name, flag: entry.type === 'directory' ? '5' : '0' });
  if (records.length === 0) return header;
  const pax = Buffer.from(records.join(''));
  const paxHeader = ustarHeader({ ...entry, name: 'PaxHeader', flag: 'x', mode: 0o644, bytes: pax.length });
  return Buffer.concat([paxHeader, pax, Buffer.alloc(paddingAfter(pax.length)), header]);
};

const ustarHeader = (
  fields: Omit<TarEntry, 'path' | 'type'> & { readonly name: string; readonly flag: string },
): Buffer => {
  const header = Buffer.alloc(blockBytes);
  // Readers that know no pax get a name cut to what fits; those that do take the one of the pax header.
  Buffer.from(fields.name).copy(header, 0, 0, maxName);
  writeOctal(header, 100, 8, fields.mode);
  writeOctal(header, 108, 8, fields.uid);
  writeOctal(header, 116, 8, fields.gid);
  writeOctal(header, 124, 12, fields.bytes);
  writeOctal(header, 136, 12, Math.max(0, Math.floor(fields.mtime)));
  header.write(fields.flag, 156, 'latin1');
  header.write('ustar\u000000', 257, 'latin1');
  header.write(`${checksum(header).toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return header;
};

/** What does not fit is in a pax header; the field then holds 0, never a number that is cut. */
const writeOctal = (header: Buffer, at: number, field: number, value: number): void => {
  const text = (value > maxOctal(field) ? 0 : value).toString(8).padStart(field - 1, '0');
  header.write(`${text}\0`, at, 'latin1');
};

/** The sum of all bytes, those of the checksum itself counted as spaces. */
export const checksum = (header: Uint8Array): number => {
  let sum = 8 * 0x20;
  for (let at = 0; at < blockBytes; at++) if (at < 148 || at >= 156) sum += header[at] ?? 0;
  return sum;
};

/** `<length> <key>=<value>\n`, where the length counts itself. */
const paxRecord = (key: string, value: string): string => {
  const rest = Buffer.byteLength(` ${key}=${value}\n`);
  let length = rest + String(rest).length;
  if (String(length).length > String(rest).length) length = rest + String(length).length;
  return `${length} ${key}=${value}\n`;
};

// oxlint-disable-next-line no-control-regex
const isAscii = (text: string): boolean => /^[\x20-\x7e]*$/.test(text);
