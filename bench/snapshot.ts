/**
 * Upload and restore of a snapshot to a real S3 server, beside `tar | gzip` and `tar | zstd -T0` piped to and from the same server with a
 * plain client, in the same run. Then each stage alone: where the time goes.
 *
 *   npm run bench -- snapshot [MiB] [files] [chunks|mixed]
 */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type S3Server, startS3 } from '@nodetask/testbed';
import { type DataKind, writeTestSnapshot } from './snapshot/test-data.ts';
import type { WorkerInput } from './snapshot/worker.ts';

const MiB = 1024 * 1024;
const [size = '2048', files = '20000', kind = 'mixed'] = process.argv.slice(2);
const bytes = Number(size) * MiB;
const bucket = 'snapshots';
const run = promisify(execFile);

interface Measured {
  readonly ms: number;
  readonly maxRSS: number;
}

const print = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

const rate = (ms: number): string =>
  `${(ms / 1000).toFixed(1).padStart(6)} s  ${(bytes / MiB / (ms / 1000)).toFixed(0).padStart(5)} MiB/s`;

const worker = async (what: string, input: WorkerInput): Promise<Measured> => {
  const script = fileURLToPath(new URL('snapshot/worker.ts', import.meta.url));
  const { stdout } = await run(process.execPath, ['--conditions=nodetask-source', script, what, JSON.stringify(input)]);
  return JSON.parse(stdout) as Measured;
};

/** A pipe of the shell; fails where any part of it does. */
const pipe = async (command: string): Promise<number> => {
  const begun = performance.now();
  const child = spawn('bash', ['-o', 'pipefail', '-c', command], { stdio: ['ignore', 'ignore', 'inherit'] });
  const [status] = (await once(child, 'exit')) as [number | null];
  if (status !== 0) throw new Error(`${command}: status ${String(status)}`);
  return performance.now() - begun;
};

const measure = async (s3: S3Server, folder: string, compression: 'gzip' | 'zstd'): Promise<void> => {
  const home = join(folder, 'source');
  const params = { bucket, region: s3.region, endpoint: s3.endpoint, prefix: `${compression}/` };
  const input = { home, params, compression };
  const client = `'${process.execPath}' '${fileURLToPath(new URL('snapshot/plain-client.ts', import.meta.url))}'`;
  const key = `pipe.${compression}`;
  const [pack, unpack] = compression === 'gzip' ? ['gzip', 'gzip -d'] : ['zstd -q -T0', 'zstd -q -d'];

  const pipeUp = await pipe(
    `tar -C '${home}/data/snapshots' -cf - 1 | ${pack} | ${client} put '${s3.endpoint}' ${bucket} ${key}`,
  );
  const up = await worker('upload', input);
  const archive = (await s3.files.list(bucket, `${compression}/1.`))[1]?.bytes ?? 0;
  const piped = (await s3.files.list(bucket, key))[0]?.bytes ?? 0;
  print(`\n${compression}: archive ${(archive / MiB).toFixed(0)} MiB (pipe ${(piped / MiB).toFixed(0)} MiB)`);
  print(`  upload   pipe ${rate(pipeUp)}`);
  print(
    `           task ${rate(up.ms)}  ${(pipeUp / up.ms).toFixed(2)} times the pipe, at most ${(up.maxRSS / MiB).toFixed(0)} MiB`,
  );

  // Nothing is removed until the end: for minutes ext4 looks with care at inodes that were freed, and every new file takes much longer.
  const target = join(folder, `target-${compression}`);
  await mkdir(join(target, 'piped'), { recursive: true });
  const pipeDown = await pipe(
    `${client} get '${s3.endpoint}' ${bucket} ${key} | ${unpack} | tar -C '${target}/piped' -xf -`,
  );
  const sync = await pipe(`sync -f '${target}/piped'`);
  const down = await worker('restore', { ...input, home: target });
  print(`  restore  pipe ${rate(pipeDown)}  (${rate(pipeDown + sync)} until it is on disk)`);
  print(
    `           task ${rate(down.ms)}  ${(pipeDown / down.ms).toFixed(2)} times the pipe (${((pipeDown + sync) / down.ms).toFixed(2)} on disk), at most ${(down.maxRSS / MiB).toFixed(0)} MiB`,
  );
  await run('diff', ['-r', `${home}/data/snapshots/1`, `${target}/data/snapshots/1`]);
  print('           equal byte for byte');

  for (const [what, of] of [
    ['read', bytes],
    ['compress', bytes],
    ['hash', archive],
    ['send', archive],
    ['receive', archive],
    ['decompress', archive],
  ] as const) {
    const { ms } = await worker(what, { ...input, bytes: of });
    print(`  ${explain[what].padEnd(40)} ${rate(ms)}`);
  }
};

const explain = {
  read: 'alone: read and pack',
  compress: 'alone: read, pack, compress',
  hash: 'alone: hash the archive',
  send: 'alone: send as many bytes',
  receive: 'alone: receive',
  decompress: 'alone: receive, decompress',
} as const;

const folder = await mkdtemp(join(tmpdir(), 'nodetask-bench-'));
try {
  await using s3 = await startS3({ buckets: [bucket] });
  Object.assign(process.env, s3.environment);
  const snapshots = join(folder, 'source', 'data', 'snapshots');
  for (const height of ['1', '2']) await mkdir(join(snapshots, height), { recursive: true });
  await mkdir(join(folder, 'source', 'config'));
  await writeFile(join(folder, 'source', 'config', 'genesis.json'), '{"chain_id":"bench-1"}');
  await writeTestSnapshot(join(snapshots, '1'), { bytes, files: Number(files), kind: kind as DataKind });
  print(`${size} MiB in ${files} files (${kind}), ${String(availableParallelism())} cores, shared with the S3 server`);
  for (const compression of ['gzip', 'zstd'] as const) await measure(s3, folder, compression);
} finally {
  await rm(folder, { recursive: true, force: true });
}
