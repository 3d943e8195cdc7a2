/**
 * How long the agent takes from its start to its first answer, and how much memory it holds when it has nothing to do.
 * Measures what an image runs: the built program (`npm run build` first), in a process of its own, against an empty home.
 *
 *   node --conditions=nodetask-source bench/agent-start.ts [starts]
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { createServer } from 'node:net';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setTimeout as sleep } from 'node:timers/promises';

const program = fileURLToPath(new URL('../agent/dist/src/main.js', import.meta.url));
const mebibyte = 2 ** 20;
/** Memory in MiB, as Kubernetes counts it. */
const limits = { startMs: 300, idleMiB: 80 };
/** V8 gives memory back some seconds after the last allocation. */
const settleMs = 10_000;
const clockTicksPerSecond = 100;

interface Start {
  readonly wallMs: number;
  /** CPU time of the process up to the first answer: what the wall time would be on a machine that has nothing else to do. */
  readonly cpuMs: number;
}

const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
};

const answers = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const livez = request({ host: '127.0.0.1', port, path: '/v0/livez', agent: false }, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    });
    livez.on('error', () => {
      resolve(false);
    });
    livez.end();
  });

const start = async (home: string): Promise<{ readonly child: ChildProcess; readonly measured: Start }> => {
  const port = await freePort();
  const started = performance.now();
  const child = spawn(process.execPath, [program], {
    env: { NODETASK_HOME: home, NODETASK_LISTEN: `127.0.0.1:${String(port)}` },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  while (!(await answers(port))) {
    if (child.exitCode !== null) throw new Error(`the agent ended with ${String(child.exitCode)} before it answered`);
    if (performance.now() - started > 30_000) throw new Error('the agent did not answer within 30 s');
    await sleep(2);
  }
  return { child, measured: { wallMs: performance.now() - started, cpuMs: cpuMs(child) } };
};

const stop = async (child: ChildProcess): Promise<void> => {
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  await exited;
};

/** utime and stime of proc(5). */
const cpuMs = ({ pid }: ChildProcess): number => {
  const fields =
    readFileSync(`/proc/${String(pid)}/stat`, 'utf8')
      .split(') ')[1]
      ?.split(' ') ?? [];
  return ((Number(fields[11]) + Number(fields[12])) / clockTicksPerSecond) * 1000;
};

const rssBytes = ({ pid }: ChildProcess): number =>
  Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${String(pid)}/status`, 'utf8'))?.[1]) * 1024;

const median = (values: readonly number[]): number => {
  const sorted = values.toSorted((left, right) => left - right);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
};

const print = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

const row = (
  name: string,
  values: readonly number[],
  limit: number | undefined,
  unit: string,
  digits: number,
): boolean => {
  const middle = median(values);
  const good = limit === undefined || middle < limit;
  const cells = [middle, Math.min(...values), Math.max(...values)].map((value) => value.toFixed(digits).padStart(8));
  const judged = limit === undefined ? '' : `< ${limit.toFixed(0)} ${good ? 'yes' : 'NO'}`;
  print(`| ${name.padEnd(34)} |${cells.join(' |')} | ${unit.padEnd(4)} | ${judged.padEnd(9)} |`);
  return good;
};

const main = async (): Promise<void> => {
  if (!existsSync(program)) throw new Error(`There is no ${program}. Build first: npm run build.`);
  const count = Number(process.argv[2] ?? 10);
  const home = mkdtempSync(join(tmpdir(), 'nodetask-bench-'));
  try {
    const starts: Start[] = [];
    for (let index = 0; index < count; index++) {
      const { child, measured } = await start(home);
      starts.push(measured);
      await stop(child);
    }
    const { child } = await start(home);
    await sleep(settleMs);
    const rss = rssBytes(child);
    const idleFrom = cpuMs(child);
    await sleep(settleMs);
    const idleCPU = (cpuMs(child) - idleFrom) / settleMs;
    await stop(child);

    print(`Node.js ${process.version}, ${String(count)} starts, load average ${(loadavg()[0] ?? 0).toFixed(1)}`);
    print('|                                    |  median |     min |     max |      | wanted    |');
    print('| ---------------------------------- | ------- | ------- | ------- | ---- | --------- |');
    const good = [
      row(
        'start to first answer',
        starts.map(({ wallMs }) => wallMs),
        limits.startMs,
        'ms',
        0,
      ),
      row(
        'CPU time up to the first answer',
        starts.map((one) => one.cpuMs),
        undefined,
        'ms',
        0,
      ),
      row('RSS when idle', [rss / mebibyte], limits.idleMiB, 'MiB', 1),
      row('CPU when idle', [idleCPU * 100], undefined, '%', 2),
    ];
    process.exitCode = good.includes(false) ? 1 : 0;
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
};

await main();
