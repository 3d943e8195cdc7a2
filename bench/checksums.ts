/**
 * How fast the checksums of stores are computed, in MB of 10^6 bytes per second of processor time, beside the SHA-256 that each restore
 * computes anyway. A download compares one of them, unless its reader knows a hash.
 *
 *   npm run bench -- checksums [MB]
 */
import { randomBytes } from 'node:crypto';
import { runningChecksum } from '../agent/src/objectstore/checksums/running-checksum.ts';

/** What a download hands on at a time. */
const piece = randomBytes(4 * 1024 * 1024);
const megabytes = Number(process.argv[2] ?? 1_000);
const pieces = Math.max(1, Math.round((megabytes * 1e6) / piece.length));

for (const algorithm of ['sha256', 'crc32', 'crc32c', 'crc64nvme', 'sha1', 'sha512', 'md5'] as const) {
  for (const parts of [undefined, { bytes: 8 * 1024 * 1024, count: Math.ceil(pieces / 2) }]) {
    const sum = runningChecksum({ algorithm, ...(parts === undefined ? {} : { parts }) });
    // Code that has not run often is slow, and each file runs once for minutes.
    for (let warm = 0; warm < 8; warm++) sum.update(piece);
    const before = process.cpuUsage();
    for (let done = 0; done < pieces; done++) sum.update(piece);
    const { user, system } = process.cpuUsage(before);
    const rate = (pieces * piece.length) / (user + system);
    const of = parts === undefined ? 'of the whole' : 'of parts of 8 MiB';
    process.stdout.write(`${algorithm.padEnd(10)} ${of.padEnd(18)} ${rate.toFixed(0).padStart(6)} MB/s\n`);
  }
}
