import { randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { TaskResult } from '@nodetask/shared';
import { type Chain, type FaultProxy, freePort, ManagedProcess, type S3Server, waitFor } from '@nodetask/testbed';

const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url));

export interface ExportKills {
  readonly chain: Chain;
  readonly s3: S3Server;
  /** In front of the store: what goes through it tells that the agent is at work. */
  readonly store: FaultProxy;
  /** The task, as for POST /v0/tasks, without its id. */
  readonly task: object;
  /** A one-shot that ended is followed by the next. */
  readonly isOneShot: boolean;
  readonly kills: number;
  /** Milliseconds, at most, to a kill: of every second from the start of the agent, of the others from the first byte to the store. */
  readonly withinMs: number;
  readonly random: () => number;
}

export interface KillsReport {
  readonly kills: number;
  /** The height to which the last run, which nobody killed, exported. */
  readonly lastExportedHeight: number;
}

/**
 * A real agent, killed by SIGKILL at random moments of its exports and started again on the same home, each time in another pod: in one, two kills
 * would be the last of a task. At the end it is left alone until it
 * has exported up to the height that the chain has then.
 */
export const killExports = async (options: ExportKills): Promise<KillsReport> => {
  const home = await mkdtemp(join(tmpdir(), 'nodetask-kills-'));
  const agent = await createAgent(home, options);
  try {
    let id: string | undefined;
    for (let kill = 0; kill < options.kills; kill++) {
      const { receivedFromClient: before } = options.store.counters;
      await agent.process.start();
      if (kill % 2 === 1) {
        id = await keepBusy(agent, options, id);
        await options.store.until(({ receivedFromClient }) => receivedFromClient > before, 60_000);
      }
      const until = performance.now() + options.random() * options.withinMs;
      do {
        id = await keepBusy(agent, options, id);
        await new Promise((resolve) => setTimeout(resolve, Math.min(20, Math.max(0, until - performance.now()))));
      } while (performance.now() < until);
      await agent.process.kill();
    }
    await agent.process.start();
    const target = await options.chain.validator.height();
    // How far behind it is depends on the machine and on the number of kills: it may take its time as long as it gets on.
    let last = { mark: '', height: 0 };
    while (last.height < target) {
      last = await waitFor(
        async () => {
          id ??= await keepBusy(agent, options, id);
          const { status, progress, output } = await agent.read(id);
          const height = Number(
            options.isOneShot ? (output?.['lastExportedHeight'] ?? 0) : progress?.unit === 'height' ? progress.done : 0,
          );
          const mark = JSON.stringify([id, height, progress?.stage, progress?.done]);
          // How far a one-shot has come stands in its result: the next begins when that has been read.
          if (height < target && status !== 'running') id = await keepBusy(agent, options, id);
          return mark === last.mark ? undefined : { mark, height };
        },
        {
          what: `the export to get on to ${target}`,
          timeoutMs: 60_000,
          intervalMs: 50,
          detail: () => `task ${id} at ${last.mark}`,
        },
      );
    }
    return { kills: options.kills, lastExportedHeight: last.height };
  } finally {
    await agent.process.stop();
    await rm(home, { recursive: true, force: true });
  }
};

interface Agent {
  readonly process: ManagedProcess;
  /** Undefined where another one-shot runs. */
  readonly submit: (task: object) => Promise<string | undefined>;
  readonly read: (id: string) => Promise<TaskResult>;
}

/** Submits the task where none runs; answers the id of the one that does. */
const keepBusy = async (agent: Agent, { task, isOneShot }: ExportKills, id: string | undefined): Promise<string> => {
  if (id !== undefined && (!isOneShot || (await agent.read(id)).status === 'running')) return id;
  const next = await agent.submit(task);
  // What runs then is the last one-shot, which the agent took up again.
  return next ?? id ?? waitForever();
};

const waitForever = (): never => {
  throw new Error('the agent is busy with a task that nobody gave to it');
};

const createAgent = async (home: string, { chain, s3 }: ExportKills): Promise<Agent> => {
  await mkdir(join(home, 'config'));
  const port = await freePort('127.0.0.1');
  const url = `http://127.0.0.1:${port}`;
  const request = (path: string, init: RequestInit = {}): Promise<Response> =>
    fetch(`${url}${path}`, { ...init, signal: AbortSignal.timeout(10_000) });
  const isLive = (): Promise<boolean> =>
    request('/v0/livez').then(
      ({ status }) => status === 200,
      // Not listening yet; the wait has a budget.
      () => false,
    );
  return {
    process: new ManagedProcess({
      name: 'agent',
      logFile: join(home, 'agent.log'),
      command: () => ({
        program: process.execPath,
        args: ['--conditions=nodetask-source', main],
        env: {
          ...s3.environment,
          NODETASK_HOME: home,
          POD_UID: randomUUID(),
          NODETASK_LISTEN: `127.0.0.1:${port}`,
          NODETASK_NODE_RPC: chain.validator.rpcUrl,
          NODETASK_ALLOW_HOST: '127.0.0.1',
        },
      }),
      ready: async (signal) => {
        await waitFor(isLive, { what: `${url} to be live`, timeoutMs: 30_000, intervalMs: 5, signal });
      },
    }),
    submit: async (task) => {
      const response = await request('/v0/tasks', {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify(task),
      });
      const body = (await response.json()) as { readonly id?: string };
      if (response.status === 409) return undefined;
      if (body.id === undefined) throw new Error(`HTTP ${response.status}: ${JSON.stringify(body)}`);
      return body.id;
    },
    read: async (id) => (await request(`/v0/tasks/${id}`)).json() as Promise<TaskResult>,
  };
};
