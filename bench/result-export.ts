/**
 * Blocks per second of result-export by a real agent, from a real chain behind a proxy that adds 20 ms to each request, into a real S3 server.
 * Beside it, in the same run, the same blocks asked for one after the other over one kept connection.
 *
 *   npm run bench -- result-export [blocks] [concurrency]
 */
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { Agent, get, type IncomingMessage } from 'node:http';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import type { TaskResult } from '@nodetask/shared';
import {
  freePort,
  ManagedProcess,
  type S3Server,
  startChain,
  startFaultProxy,
  startS3,
  targetOf,
  waitFor,
} from '@nodetask/testbed';
import { cpuMs, peakRSS } from './process-usage.ts';

const blocks = Number(process.argv[2] ?? '3000');
const concurrency = Number(process.argv[3] ?? '16');
const serialBlocks = Math.min(blocks, 300);
const bucket = 'results';
const wanted = 10;
const main = fileURLToPath(new URL('../agent/src/main.ts', import.meta.url));

const print = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

/** Blocks per second of one request at a time. */
const measureSerial = async (rpcUrl: string): Promise<number> => {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const started = performance.now();
  for (let height = 1; height <= serialBlocks; height++) {
    const request = get(`${rpcUrl}/block_results?height=${height}`, { agent });
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    JSON.parse(await text(response));
  }
  agent.destroy();
  return serialBlocks / ((performance.now() - started) / 1000);
};

interface Export {
  readonly blocks: number;
  readonly perSecond: number;
  /** Of the agent's process, in milliseconds. */
  readonly cpuMsPerBlock: number;
  readonly peakMiB: number;
}

/** One export by an agent that has loaded what it needs: a first, small one comes before. */
const measureExport = async (rpcUrl: string, s3: S3Server): Promise<Export> => {
  const home = await mkdtemp(join(tmpdir(), 'nodetask-bench-'));
  const url = `http://127.0.0.1:${await freePort('127.0.0.1')}`;
  await using agent = new ManagedProcess({
    name: 'agent',
    logFile: join(home, 'agent.log'),
    command: () => ({
      program: process.execPath,
      args: ['--conditions=nodetask-source', main],
      env: {
        ...s3.environment,
        NODETASK_HOME: home,
        NODETASK_LISTEN: url.replace('http://', ''),
        NODETASK_NODE_RPC: rpcUrl,
        NODETASK_ALLOW_HOST: '127.0.0.1',
      },
    }),
    ready: async (signal) => {
      await waitFor(
        () =>
          fetch(`${url}/v0/livez`).then(
            ({ ok }) => ok,
            () => false,
          ),
        { what: `${url} to be live`, timeoutMs: 30_000, intervalMs: 10, signal },
      );
    },
  });
  await agent.start();
  const run = async (prefix: string, more: object): Promise<TaskResult> => {
    const params = { ...s3.params(bucket), prefix, concurrency, ...more };
    const body = JSON.stringify({ type: 'result-export', params });
    const submitted = await fetch(`${url}/v0/tasks`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body,
    });
    const { id } = (await submitted.json()) as { id: string };
    const events = await (await fetch(`${url}/v0/tasks/${id}/watch`)).text();
    const result = (await (await fetch(`${url}/v0/tasks/${id}`)).json()) as TaskResult;
    if (result.status !== 'completed') throw new Error(`the export failed: ${JSON.stringify(result)} ${events}`);
    return result;
  };
  try {
    await run('warm-up', { pageSize: 100, startHeight: blocks - 99 });
    const cpu = cpuMs(agent.pid);
    const started = performance.now();
    const { output } = await run('measured', { pageSize: 1000, partialPage: true });
    const seconds = (performance.now() - started) / 1000;
    const exported = Number(output?.['blocks']);
    return {
      blocks: exported,
      perSecond: exported / seconds,
      cpuMsPerBlock: (cpuMs(agent.pid) - cpu) / exported,
      peakMiB: peakRSS(agent.pid) / 1024 ** 2,
    };
  } finally {
    await agent.stop();
    await rm(home, { recursive: true, force: true });
  }
};

await using s3 = await startS3({ buckets: [bucket] });
await using chain = await startChain({ timeoutCommit: '10ms' });
const height = await chain.validator.waitForHeight(blocks, 600_000);
const mode = { kind: 'delay', toServerMs: 10, toClientMs: 10 } as const;
await using proxy = await startFaultProxy({ target: targetOf(chain.validator.rpcUrl), mode });
const serial = await measureSerial(proxy.url('http'));
const measured = await measureExport(proxy.url('http'), s3);
const ratio = measured.perSecond / serial;
const show = (value: number, digits = 0): string => value.toFixed(digits).padStart(8);
print(`Node.js ${process.version}, chain at ${height}, 20 ms latency, load average ${(loadavg()[0] ?? 0).toFixed(1)}`);
print(`one request at a time ${show(serial)} blocks/s (${serialBlocks} blocks)`);
print(
  `result-export         ${show(measured.perSecond)} blocks/s (${measured.blocks} blocks, concurrency ${concurrency})`,
);
print(`ratio                 ${show(ratio, 1)} (wanted: ${wanted})`);
print(`CPU of the agent      ${show(measured.cpuMsPerBlock, 2)} ms per block`);
print(`peak RSS of the agent ${show(measured.peakMiB)} MiB`);
process.exitCode = ratio >= wanted ? 0 : 1;
