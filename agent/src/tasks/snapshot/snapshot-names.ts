import type { Codec } from '../../archive/codec.ts';
import { codecs } from '../../archive/codecs.ts';

/**
 * The one place that knows how the objects of a snapshot are called, below a prefix that is empty or ends in a slash:
 *
 * - `<height>.tar.gz` or `<height>.tar.zst`, the archive;
 * - `<height>.manifest.json`, written after it: what is in the archive and its hash;
 * - `latest.txt`, written last: the height to restore by default;
 * - `snapshot_<height>_<chain>_<region>.tar.gz`, an archive of publishers that use the older naming; only read.
 */
export interface ArchiveName {
  readonly height: number;
  readonly compression: Codec['name'];
  /** Where the name tells it. */
  readonly chainId?: string;
}

export const archiveKey = (prefix: string, height: number, compression: Codec['name']): string =>
  `${prefix}${height}.${codecs[compression].extension}`;

export const manifestKey = (prefix: string, height: number): string => `${prefix}${height}.manifest.json`;

export const latestKey = (prefix: string): string => `${prefix}latest.txt`;

const plain = /^(?<height>[1-9]\d{0,15})\.tar\.(?<extension>gz|zst)$/;
/** A region has no underscore, a chain id may have several. */
const published =
  /^snapshot_(?<height>[1-9]\d{0,15})_(?<chainId>[A-Za-z0-9._-]{1,50})_[a-z0-9-]+\.tar\.(?<extension>gz|zst)$/;

/** What a key directly below the prefix says, where it is that of an archive. */
export const parseArchiveKey = (prefix: string, key: string): ArchiveName | undefined => {
  if (!key.startsWith(prefix)) return undefined;
  const name = key.slice(prefix.length);
  const { height, extension, chainId } = (plain.exec(name) ?? published.exec(name))?.groups ?? {};
  if (height === undefined || !Number.isSafeInteger(Number(height))) return undefined;
  return {
    height: Number(height),
    compression: extension === 'zst' ? 'zstd' : 'gzip',
    ...(chainId === undefined ? {} : { chainId }),
  };
};

/** The names of archives, for messages. */
export const archiveNames =
  '<height>.tar.gz, <height>.tar.zst and snapshot_<height>_<chain>_<region>.tar.gz or .tar.zst';

/** True if a key directly below the prefix belongs to an archive without being one, or is the prefix itself as an object. */
export const isBesideArchive = (prefix: string, key: string): boolean =>
  key === prefix || key === latestKey(prefix) || /^[1-9]\d{0,15}\.manifest\.json$/.test(key.slice(prefix.length));

/** The height that `latest.txt` holds; undefined where it holds none. */
export const parseLatest = (text: string): number | undefined => {
  const height = Number(text.trim());
  return /^[1-9]\d{0,15}$/.test(text.trim()) && Number.isSafeInteger(height) ? height : undefined;
};
