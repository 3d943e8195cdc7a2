/**
 * How long the agent takes from its start to its first answer, and how much memory it holds when it has nothing to do.
 * Measures what an image runs, the bundle, without and with TLS (a certificate from a server in the operator's place), and beside it the
 * same program as tsc emits it; builds both first. Each start is a process of its own on a home without tasks; the starts of all take turns.
 *
 *   npm run bench -- agent-start [starts]
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { createServer } from 'node:net';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { CertificateAuthority } from '@nodetask/testbed';
import { EnrollServer } from '../agent/test/support/tls/enroll-server.ts';
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

const answers = (port: number, tls: boolean): Promise<boolean> =>
  new Promise((resolve) => {
    const options = { host: '127.0.0.1', port, path: '/v0/livez', agent: false, rejectUnauthorized: false };
    const livez = (tls ? httpsRequest : httpRequest)(options, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    });
    livez.on('error', () => {
      resolve(false);
    });
    livez.end();
  });

/** What is started. */
interface Variant {
  readonly title: string;
  readonly program: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Has to stay within the limits. */
  readonly judged: boolean;
}

const start = async (
  { program, env = {} }: Variant,
  home: string,
): Promise<{ readonly child: ChildProcess; readonly measured: Start }> => {
  const port = await freePort();
  const started = performance.now();
  const child = spawn(process.execPath, [...nodeOptions.agent, program], {
    env: { NODETASK_HOME: home, NODETASK_LISTEN: `127.0.0.1:${String(port)}`, ...env },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  while (!(await answers(port, 'NODETASK_ENROLL_URL' in env))) {
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

const measure = async (variants: readonly Variant[], count: number, home: string): Promise<readonly Measured[]> => {
  const measured = variants.map(() => ({ starts: [] as Start[], rssMB: [] as number[], idleCPU: [] as number[] }));
  for (let index = 0; index < count; index++) {
    for (const [which, variant] of variants.entries()) {
      const { child, measured: one } = await start(variant, home);
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

const report = ({ title, judged }: Variant, { starts, rssMB, idleCPU }: Measured): boolean => {
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

/** What a pod has mounted for an agent that gets its certificate from the operator; the identity is not kept, so that each start asks for one. */
const enrolling = (folder: string, ca: CertificateAuthority, url: string): Readonly<Record<string, string>> => {
  const file = (name: string, content: string): string => {
    const path = join(folder, name);
    writeFileSync(path, content);
    return path;
  };
  return {
    NODETASK_ENROLL_URL: url,
    NODETASK_ENROLL_TOKEN_FILE: file('token', 'token-of-the-pod'),
    NODETASK_TRUST_FILE: file('ca.crt', ca.certificate),
    POD_UID: podUID,
  };
};

const podUID = '7c0a4d6e-0f6b-4a53-8a55-0a2f1f0f7a11';

const main = async (): Promise<void> => {
  const count = Number(process.argv[2] ?? 10);
  await tool('tsc', ['-b', 'agent']);
  await bundle('agent');
  const home = mkdtempSync(join(tmpdir(), 'nodetask-bench-'));
  const ca = await CertificateAuthority.create();
  await using operator = await EnrollServer.start({ ca, podUID });
  const variants: readonly Variant[] = [
    { title: 'bundle', program: bundled, judged: true },
    { title: 'bundle, with TLS', program: bundled, env: enrolling(home, ca, operator.url), judged: true },
    { title: 'as tsc emits it', program: emitted, judged: false },
  ];
  try {
    const measured = await measure(variants, count, home);
    print(`Node.js ${process.version}, ${String(count)} starts, load average ${(loadavg()[0] ?? 0).toFixed(1)}\n`);
    const good = variants.map((variant, index) => {
      const one = measured[index];
      if (one === undefined) throw new Error(`${variant.title}: nothing was measured`);
      const isGood = report(variant, one);
      print('');
      return isGood || !variant.judged;
    });
    if (operator.issued.length < count)
      throw new Error(`only ${String(operator.issued.length)} agents had a certificate`);
    process.exitCode = good.every(Boolean) ? 0 : 1;
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
};

await main();
