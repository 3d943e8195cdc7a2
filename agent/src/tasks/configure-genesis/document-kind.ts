/** Files that people publish in the place of a genesis document: each is known by its first bytes, and called by its name. */
import { genesisInvalid } from './genesis-invalid.ts';
import type { GenesisSource } from './genesis-source.ts';

/** The first bytes that are looked at: a tar archive says what it is at byte 257. */
export const headBytes = 512;

/** Documents that are unpacked on their way. */
export type Packing = 'gzip' | 'rpc-envelope';

/** How a document is packed that begins with `head`; undefined where it is not. Throws TaskError `genesis-invalid` for what is not unpacked. */
export const packingOf = (head: Buffer, source: GenesisSource): Packing | undefined => {
  if (isGzip(head)) return 'gzip';
  const foreign = foreignKinds.find(({ fits }) => fits(head));
  if (foreign !== undefined) throw genesisInvalid(source.name, foreign.what, foreign.advice(source));
  return envelopeStart.test(head.toString('latin1')) ? 'rpc-envelope' : undefined;
};

/** A genesis document has none of these members, and answers of an RPC begin with one. */
const envelopeStart = /^[ \t\r\n]*\{[ \t\r\n]*"(?:jsonrpc|id|result|error|genesis)"[ \t\r\n]*:/;

interface ForeignKind {
  readonly fits: (head: Buffer) => boolean;
  /** After "it". */
  readonly what: string;
  readonly advice: (source: GenesisSource) => string;
}

const beginsWith = (head: Buffer, bytes: readonly number[], at = 0): boolean =>
  head.subarray(at, at + bytes.length).equals(Buffer.from(bytes));

export const isGzip = (head: Buffer): boolean => beginsWith(head, [0x1f, 0x8b]);

const unpackIt = (): string => 'Unpack it, and give the address of the genesis.json in it, as it is or as .gz';

const archive = (name: string, bytes: readonly number[], at = 0): ForeignKind => ({
  fits: (head) => beginsWith(head, bytes, at),
  what: `is ${name}`,
  advice: unpackIt,
});

const reEncode = (): string => 'Save it as UTF-8 without a byte order mark: a node refuses it as it is';

const encoding = (name: string, fits: ForeignKind['fits']): ForeignKind => ({ fits, what: name, advice: reEncode });

const foreignKinds: readonly ForeignKind[] = [
  archive('a zip archive', [0x50, 0x4b, 0x03, 0x04]),
  archive('a zip archive', [0x50, 0x4b, 0x05, 0x06]),
  archive('compressed by zstd', [0x28, 0xb5, 0x2f, 0xfd]),
  { fits: (head) => beginsWith(head, [0x2a, 0x4d, 0x18], 1), what: 'is compressed by zstd', advice: unpackIt },
  archive('compressed by bzip2', [0x42, 0x5a, 0x68]),
  archive('compressed by xz', [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]),
  archive('compressed by lz4', [0x04, 0x22, 0x4d, 0x18]),
  archive('a 7z archive', [0x37, 0x7a, 0xbc, 0xaf, 0x27, 0x1c]),
  archive('a rar archive', [0x52, 0x61, 0x72, 0x21]),
  archive('a tar archive', [0x75, 0x73, 0x74, 0x61, 0x72], 257),
  // UTF-32 first: its little-endian mark begins as that of UTF-16.
  encoding('is UTF-32', (head) => beginsWith(head, [0xff, 0xfe, 0, 0]) || beginsWith(head, [0, 0, 0xfe, 0xff])),
  encoding('is UTF-16', (head) => beginsWith(head, [0xff, 0xfe]) || beginsWith(head, [0xfe, 0xff])),
  encoding('is UTF-16', (head) => /^[{ \t\r\n]\0[^\0]|^\0[{ \t\r\n]/.test(head.toString('latin1'))),
  encoding('begins with a byte order mark', (head) => beginsWith(head, [0xef, 0xbb, 0xbf])),
  {
    fits: (head) => head.toString('latin1').startsWith('version https://git-lfs.github.com/spec/'),
    what: 'is a pointer of Git LFS, which stands for the document in a repository',
    advice: ({ address }) =>
      `Give the address from which the repository serves the content${inQuotes(mediaAddress(address))}`,
  },
  {
    fits: (head) => /^[ \t\r\n]*</.test(head.toString('latin1')),
    what: 'is a web page or XML (there is "<" where none belongs)',
    advice: ({ address }) => `Give the address of the raw file${inQuotes(rawAddress(address))}`,
  },
];

const inQuotes = (address: string | undefined): string => (address === undefined ? '' : `: ${address.slice(0, 300)}`);

const github = /^\/([^/]+)\/([^/]+)\/(?:blob|blame|tree|raw)\/(.+)$/;

/** The address at which a hoster of repositories serves a file, by that of the page that shows it. */
export const rawAddress = (address: URL | undefined): string | undefined => {
  if (address === undefined) return undefined;
  const { hostname, origin, pathname } = address;
  const [, owner, repository, path] = github.exec(pathname) ?? [];
  if (hostname === 'github.com' && owner !== undefined && repository !== undefined && path !== undefined)
    return `https://raw.githubusercontent.com/${owner}/${repository}/${path}`;
  if (pathname.includes('/-/blob/')) return `${origin}${pathname.replace('/-/blob/', '/-/raw/')}`;
  return hostname === 'bitbucket.org' && pathname.includes('/src/')
    ? `${origin}${pathname.replace('/src/', '/raw/')}`
    : undefined;
};

/** The address at which GitHub serves the content of a file that is in Git LFS. */
const mediaAddress = (address: URL | undefined): string | undefined => {
  if (address?.hostname === 'raw.githubusercontent.com')
    return `https://media.githubusercontent.com/media${address.pathname}`;
  return address?.hostname === 'github.com'
    ? rawAddress(address)?.replace('https://raw.githubusercontent.com/', 'https://media.githubusercontent.com/media/')
    : undefined;
};
