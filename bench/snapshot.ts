/**
 * Upload and restore of a snapshot by the agent's bundle to and from a real S3 server, beside `tar | gzip` and `tar | zstd -T0` piped to and
 * from the same server with a plain client, in the same run. Then each stage alone: where the time goes. CPU time, of both cores together,
 * says what the machine's limit is.
 *
 *   npm run bench -- snapshot [MiB] [files] [chunks|mixed]
 */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { mkdir, mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { availableParallelism, freemem, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { text } from 'node:stream/consumers';
import { type S3Server, startS3 } from '@nodetask/testbed';
import { bundle, bundleFolder } from '../scripts/bundle.ts';
import { startBundledAgent } from '../scripts/bundled-agent.ts';
import { cpuMs as cpuOf, peakRSS } from './process-usage.ts';
import { type DataKind, writeTestSnapshot } from './snapshot/test-data.ts';
import type { WorkerInput } from './snapshot/worker.ts';

const MiB = 1024 * 1024;
const [size = '2048', files = '20000', kind = 'mixed'] = process.argv.slice(2);
const bytes = Number(size) * MiB;
const bucket = 'snapshots';
const run = promisify(execFile);

/**
 * Fills the machine's memory with page cache, as it is on any node after some hours. Else a virtual machine whose host takes free memory back
 * pays for the first touch of every page, several seconds for a GiB, and that is then all that is measured: of whoever writes first.
 */
const fillPageCache = async (folder: string): Promise<void> => {
  const sparse = join(folder, 'sparse');
  await writeFile(sparse, '');
  await truncate(sparse, Math.max(0, freemem() - reservedBytes));
  for await (const chunk of createReadStream(sparse, { highWaterMark: 4 * MiB })) void chunk;
};
/** For what runs; twice what a transfer takes. */
const reservedBytes = 1024 * MiB;

interface Measured {
  readonly ms: number;
  /** Of the programs that transfer, and of the S3 server, where it was at work. */
  readonly cpuMs: number;
  readonly serverMs?: number;
}

const print = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

const rate = (ms: number): string =>
  `${(ms / 1000).toFixed(1).padStart(6)} s  ${(bytes / MiB / (ms / 1000)).toFixed(0).padStart(5)} MiB/s`;

const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;

const row = (name: string, { ms, cpuMs, serverMs = 0 }: Measured, more = ''): void => {
  const server = serverMs < 50 ? '' : ` + ${seconds(serverMs)} of the server`;
  print(`  ${name.padEnd(28)} ${rate(ms)}  CPU ${seconds(cpuMs)}${server}${more}`);
};

const worker = async (what: string, input: WorkerInput): Promise<Measured> => {
  const script = fileURLToPath(new URL('snapshot/worker.ts', import.meta.url));
  const { stdout } = await run(process.execPath, ['--conditions=nodetask-source', script, what, JSON.stringify(input)]);
  return JSON.parse(stdout) as Measured;
};

/** A pipe of the shell; fails where any part of it does. */
const pipe = async (command: string): Promise<Measured> => {
  const begun = performance.now();
  // The shell prints the CPU time of itself and its children.
  const child = spawn('bash', ['-o', 'pipefail', '-c', `${command} && times`], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [output, [status]] = await Promise.all([text(child.stdout), once(child, 'exit') as Promise<[number | null]>]);
  if (status !== 0) throw new Error(`${command}: status ${String(status)}`);
  const times = [...output.matchAll(/(\d+)m([\d.]+)s/g)].map(
    ([, minutes, rest]) => Number(minutes) * 60 + Number(rest),
  );
  return { ms: performance.now() - begun, cpuMs: times.reduce((sum, one) => sum + one, 0) * 1000 };
};

const watchServer = async (s3: S3Server, work: () => Promise<Measured>): Promise<Measured> => {
  const before = cpuOf(s3.process.pid);
  const measured = await work();
  return { ...measured, serverMs: cpuOf(s3.process.pid) - before };
};

/** A task by the bundle of the agent; `maxRSS` in bytes, over its whole life. */
const task = async (
  s3: S3Server,
  home: string,
  type: string,
  params: object,
): Promise<Measured & { maxRSS: number }> => {
  const env = { ...s3.environment, NODETASK_ALLOW_HOST: '127.0.0.1' };
  const agent = await startBundledAgent(join(bundleFolder('agent'), 'main.js'), home, env);
  try {
    const { pid } = agent.child;
    const begun = performance.now();
    const usedBefore = cpuOf(pid);
    const result = await agent.run(type, params);
    const ms = performance.now() - begun;
    if (result.status !== 'completed') throw new Error(`${type}: ${JSON.stringify(result)}`);
    return { ms, cpuMs: cpuOf(pid) - usedBefore, maxRSS: peakRSS(pid) };
  } finally {
    await agent.stop();
  }
};

/** Of the pipe with gzip, in milliseconds: what is done today. */
const serial: { up?: number; down?: number } = {};

const measure = async (s3: S3Server, folder: string, compression: 'gzip' | 'zstd'): Promise<void> => {
  const home = join(folder, 'source');
  const params = { bucket, region: s3.region, endpoint: s3.endpoint, prefix: `${compression}/` };
  const input = { home, params, compression };
  const client = `'${process.execPath}' '${fileURLToPath(new URL('snapshot/plain-client.ts', import.meta.url))}'`;
  const key = `pipe.${compression}`;
  const [pack, unpack] = compression === 'gzip' ? ['gzip', 'gzip -d'] : ['zstd -q -T0', 'zstd -q -d'];

  await fillPageCache(folder);
  const pipeUp = await watchServer(s3, () =>
    pipe(`tar -C '${home}/data/snapshots' -cf - 1 | ${pack} | ${client} put '${s3.endpoint}' ${bucket} ${key}`),
  );
  let maxRSS = 0;
  const byTask = (folderOfHome: string, type: string, taskParams: object): Promise<Measured> =>
    watchServer(s3, async () => {
      const measured = await task(s3, folderOfHome, type, taskParams);
      ({ maxRSS } = measured);
      return measured;
    });
  const memory = (): string => `, at most ${(maxRSS / MiB).toFixed(0)} MiB`;
  const up = await byTask(home, 'snapshot-upload', { ...params, compression });
  const archive = (await s3.files.list(bucket, `${compression}/1.`))[1]?.bytes ?? 0;
  const piped = (await s3.files.list(bucket, key))[0]?.bytes ?? 0;
  print(`\n${compression}: archive ${(archive / MiB).toFixed(0)} MiB (pipe ${(piped / MiB).toFixed(0)} MiB)`);
  row('upload, pipe', pipeUp);
  row('upload, task', up, memory());
  print(`    ${(pipeUp.ms / up.ms).toFixed(2)} times the pipe`);

  // Nothing is removed until the end: for minutes ext4 looks with care at inodes that were freed, and every new file takes much longer.
  const target = join(folder, `target-${compression}`);
  await mkdir(join(target, 'piped'), { recursive: true });
  await fillPageCache(folder);
  const pipeDown = await watchServer(s3, () =>
    pipe(`${client} get '${s3.endpoint}' ${bucket} ${key} | ${unpack} | tar -C '${target}/piped' -xf -`),
  );
  const sync = await pipe(`sync -f '${target}/piped'`);
  const onDisk = pipeDown.ms + sync.ms;
  await fillPageCache(folder);
  const down = await byTask(target, 'snapshot-restore', { ...params, chainId: 'bench-1' });
  row('restore, pipe', pipeDown, ` (${seconds(onDisk)} until it is on disk)`);
  row('restore, task', down, memory());
  print(
    `    ${(onDisk / down.ms).toFixed(2)} times the pipe, both on disk (${(pipeDown.ms / down.ms).toFixed(2)} where the pipe is not)`,
  );
  serial.up ??= pipeUp.ms;
  serial.down ??= onDisk;
  print(
    `    beside the serial gzip pipe: upload ${(serial.up / up.ms).toFixed(2)} times, restore ${(serial.down / down.ms).toFixed(2)} times`,
  );
  await run('diff', ['-r', `${home}/data/snapshots/1`, `${target}/data/snapshots/1`]);
  print('    equal byte for byte');

  for (const [what, of] of [
    ['read', bytes],
    ['compress', bytes],
    ['hash', archive],
    ['send', archive],
    ['receive', archive],
    ['decompress', archive],
  ] as const) {
    row(explain[what], await watchServer(s3, () => worker(what, { ...input, bytes: of })));
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

await bundle('agent');
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
