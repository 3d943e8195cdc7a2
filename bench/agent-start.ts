/**
 * How long the agent takes from its start to its first answer, and how much memory it holds when it has nothing to do.
 * Measures what an image runs, the bundle, and beside it the same program as tsc emits it; builds both first. Each start is a
 * process of its own on a home without tasks; the starts of the two take turns.
 *
 *   npm run bench -- agent-start [starts]
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { createServer } from 'node:net';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { bundle, bundleFolder, nodeOptions } from '../scripts/bundle.ts';
import { root, tool } from '../scripts/steps.ts';
import { cpuMs, residentBytes } from './process-usage.ts';

const bundled = join(bundleFolder('agent'), 'main.js');
const emitted = join(root, 'agent', 'dist', 'src', 'main.js');
/** Memory in MB of 10^6 bytes. */
const megabyte = 1e6;
/** What must stay under the limit: time depends on what else the machine does, memory does not, so there every start counts. */
interface Limit {
  readonly of: 'median' | 'max';
  readonly below: number;
}

const limits = {
  start: { of: 'median', below: 300 },
  idle: { of: 'max', below: 80 },
} satisfies Record<string, Limit>;
/** V8 gives memory back some seconds after the last allocation. */
const settleMs = 10_000;

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

const start = async (
  program: string,
  home: string,
): Promise<{ readonly child: ChildProcess; readonly measured: Start }> => {
  const port = await freePort();
  const started = performance.now();
  const child = spawn(process.execPath, [...nodeOptions.agent, program], {
    env: { NODETASK_HOME: home, NODETASK_LISTEN: `127.0.0.1:${String(port)}` },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  while (!(await answers(port))) {
    if (child.exitCode !== null) throw new Error(`the agent ended with ${String(child.exitCode)} before it answered`);
    if (performance.now() - started > 30_000) throw new Error('the agent did not answer within 30 s');
    await sleep(2);
  }
  return { child, measured: { wallMs: performance.now() - started, cpuMs: cpuMs(child.pid) } };
};

const stop = async (child: ChildProcess): Promise<void> => {
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  await exited;
};

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
  limit: Limit | undefined,
  unit: string,
  digits: number,
): boolean => {
  const found = { median: median(values), min: Math.min(...values), max: Math.max(...values) };
  const good = limit === undefined || found[limit.of] < limit.below;
  const cells = [found.median, found.min, found.max].map((value) => value.toFixed(digits).padStart(8));
  const judged = limit === undefined ? '' : `${limit.of} < ${limit.below.toFixed(0)} ${good ? 'yes' : 'NO'}`;
  print(`| ${name.padEnd(34)} |${cells.join(' |')} | ${unit.padEnd(4)} | ${judged.padEnd(16)} |`);
  return good;
};

interface Measured {
  readonly starts: readonly Start[];
  readonly rssMB: readonly number[];
  /** In percent of one core. */
  readonly idleCPU: readonly number[];
}

/** Memory is that of the last few starts: each has to settle first. */
const idleStarts = 5;

const measure = async (programs: readonly string[], count: number, home: string): Promise<readonly Measured[]> => {
  const measured = programs.map(() => ({ starts: [] as Start[], rssMB: [] as number[], idleCPU: [] as number[] }));
  for (let index = 0; index < count; index++) {
    for (const [which, program] of programs.entries()) {
      const { child, measured: one } = await start(program, home);
      measured[which]?.starts.push(one);
      if (index >= count - idleStarts) {
        await sleep(settleMs);
        const from = cpuMs(child.pid);
        await sleep(settleMs);
        measured[which]?.idleCPU.push(((cpuMs(child.pid) - from) / settleMs) * 100);
        measured[which]?.rssMB.push(residentBytes(child.pid) / megabyte);
      }
      await stop(child);
    }
  }
  return measured;
};

const report = (title: string, { starts, rssMB, idleCPU }: Measured, judged: boolean): boolean => {
  print(`| ${title.padEnd(34)} |  median |     min |     max |      | wanted           |`);
  print('| ---------------------------------- | ------- | ------- | ------- | ---- | ---------------- |');
  const wall = starts.map(({ wallMs }) => wallMs);
  const cpu = starts.map((one) => one.cpuMs);
  return [
    row('start to first answer', wall, judged ? limits.start : undefined, 'ms', 0),
    row('CPU time up to the first answer', cpu, undefined, 'ms', 0),
    row('RSS when idle', rssMB, judged ? limits.idle : undefined, 'MB', 1),
    row('CPU when idle', idleCPU, undefined, '%', 2),
  ].every(Boolean);
};

const main = async (): Promise<void> => {
  const count = Number(process.argv[2] ?? 10);
  await tool('tsc', ['-b', 'agent']);
  await bundle('agent');
  const home = mkdtempSync(join(tmpdir(), 'nodetask-bench-'));
  try {
    const [ofBundle, ofEmitted] = await measure([bundled, emitted], count, home);
    if (ofBundle === undefined || ofEmitted === undefined) throw new Error('nothing was measured');
    print(`Node.js ${process.version}, ${String(count)} starts, load average ${(loadavg()[0] ?? 0).toFixed(1)}\n`);
    const good = report('bundle', ofBundle, true);
    print('');
    report('as tsc emits it', ofEmitted, false);
    process.exitCode = good ? 0 : 1;
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
};

await main();
