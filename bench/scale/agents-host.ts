/**
 * Many agents in one process: each a whole agent (journal, engine, reporter, HTTP API) on an address of its own. As processes of their own,
 * 50 of them would take 4 GB. Started with the settings as JSON in its one argument; says "ready" once all listen; ends on SIGTERM.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { systemClock } from '@nodetask/runtime';
import type { Logger } from '@nodetask/shared';
import { runAgent } from '../../agent/src/agent.ts';

/** What all agents have in common, and the pods. */
export interface HostSettings {
  readonly folder: string;
  readonly namespace: string;
  readonly apiServer: { readonly host: string; readonly port: number };
  readonly serviceAccountFolder: string;
  readonly tokenFile: string;
  readonly agentPort: number;
  readonly pods: readonly { readonly name: string; readonly uid: string; readonly address: string }[];
}

const settings = JSON.parse(process.argv[2] ?? '') as HostSettings;
const stopping = new AbortController();
process.once('SIGTERM', () => {
  stopping.abort(new Error('the benchmark is over'));
});

let listening = 0;
const count = (): void => {
  listening += 1;
  if (listening === settings.pods.length) process.stdout.write('ready\n');
};

/** Tells of what goes wrong, and counts the agents that listen. */
const loggerOf = (pod: string): Logger => {
  const say = (message: string, fields?: Readonly<Record<string, unknown>>): void => {
    process.stderr.write(`${pod}: ${message} ${JSON.stringify(fields ?? {})}\n`);
  };
  const logger: Logger = {
    debug: () => undefined,
    info: (message) => {
      if (message === 'listening') count();
    },
    warn: say,
    error: say,
    child: () => logger,
  };
  return logger;
};

const startAgent = async ({ name, uid, address }: HostSettings['pods'][number]): Promise<void> => {
  const home = join(settings.folder, name);
  for (const folder of ['config', 'data']) await mkdir(join(home, folder), { recursive: true });
  await writeFile(join(home, 'config', 'config.toml'), '[p2p]\nmax_num_inbound_peers = 40\n');
  await runAgent(
    {
      listen: { host: address, port: settings.agentPort },
      probeListen: { host: address, port: settings.agentPort + 1 },
      tokenFile: settings.tokenFile,
      nodeRPC: 'http://127.0.0.1:26657',
      allowHosts: [],
      allowPaths: [],
      home,
      stateFolder: join(home, '.nodetask'),
      logLevel: 'warn',
      logFormat: 'json',
      graceMs: 5_000,
      podName: name,
      podUID: uid,
      namespace: settings.namespace,
      cluster: { ...settings.apiServer, serviceAccountFolder: settings.serviceAccountFolder },
    },
    {
      logger: loggerOf(name),
      clock: systemClock,
      random: Math.random,
      onRun: () => undefined,
      signal: stopping.signal,
    },
  );
};

await Promise.all(settings.pods.map(startAgent));
