import { mkdir, open, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { TaskResult } from '@nodetask/shared';
import type { NodeHome } from '../../../src/node/node-home.ts';
import { cometBFTConfig, makeSeiHome } from '../../../src/tasks/testing/sei-home.ts';
import type { FullServers } from './full-servers.ts';
import type { MeasuredTask } from './measured-agent.ts';

const [KiB, MiB] = [1024, 1024 * 1024];

/** Tasks at a limit of theirs. */
export interface LimitCase {
  readonly name: string;
  /** What the task is given, for people. */
  readonly input: string;
  /** Too long for each change: only the benchmark runs it. */
  readonly isLong?: true;
  /** Writes what the tasks find. */
  readonly prepare?: (home: NodeHome) => Promise<void>;
  readonly tasks: (servers: FullServers) => readonly MeasuredTask[];
  /** How each of them ends: its status, or the code of its error. */
  readonly ends: string;
  /** Until when it is measured, where tasks do not end by themselves. */
  readonly areDone?: (servers: FullServers, results: readonly TaskResult[]) => boolean;
}

const fill = (bytes: number, unit: (index: number) => string): string => {
  const parts: string[] = [];
  for (let length = 0, index = 0; length < bytes; index++) {
    const part = unit(index);
    parts.push(part);
    length += part.length;
  }
  return parts.join('');
};

/** A genesis as exported chains have it: balances, each in lines of its own or all in one. */
const writeGenesis = async (home: NodeHome, bytes: number, lineBreak: string): Promise<void> => {
  const file = await open(join(home.config, 'genesis.json'), 'w');
  try {
    await file.write(
      `{"genesis_time":"2022-01-01T00:00:00Z",${lineBreak}"chain_id":"full-1",${lineBreak}"app_state":{"bank":{"balances":[`,
    );
    const piece = fill(MiB, (index) => {
      const coin = `{"denom":"usei",${lineBreak}"amount":"${123_456_789_012_345_678_901n + BigInt(index)}"}`;
      return `${lineBreak}{"address":"sei1${String(index).padStart(38, '0')}",${lineBreak}"coins":[${coin}]},`;
    });
    for (let written = 0; written < bytes; written += piece.length) await file.write(piece);
    await file.write('{}]}}}\n');
  } finally {
    await file.close();
  }
};

const patch = (files: object): MeasuredTask => ({ type: 'config-patch', params: { files } });
const patchTime = patch({ 'genesis.json': { genesis_time: '2023-01-01T00:00:00Z' } });

const writeConfig =
  (name: string, content: () => string) =>
  (home: NodeHome): Promise<void> =>
    writeFile(join(home.config, name), content());

const patchGenesis = (name: string, input: string, prepare: (home: NodeHome) => Promise<void>): LimitCase => ({
  name,
  input,
  prepare,
  tasks: () => [patchTime],
  ends: 'completed',
});

const manyKeys = Object.fromEntries(Array.from({ length: 1_000 }, (_, index) => [`k${index}`, index + 1]));
const someKeys = Object.fromEntries(Object.entries(manyKeys).slice(0, 100));
const tomlKeys = (): string => `moniker = "a"\n${fill(127 * KiB, (index) => `k${index}=0\n`)}`;

/** A daemon with blocks of this size, for a bucket of its own. */
const exportBlocks = (servers: FullServers, id: string, blockMiB: number): MeasuredTask => ({
  type: 'result-export',
  params: {
    bucket: 'bucket',
    prefix: `${id}/`,
    region: 'us-east-1',
    endpoint: servers.url,
    rpcEndpoint: `${servers.url}/blocks/${blockMiB}`,
    pageSize: 2,
    concurrency: 256,
    startHeight: 1,
  },
  async: { daemon: { restartPolicy: 'OnFailure' } },
});

export const limitCases: readonly LimitCase[] = [
  patchGenesis('config-patch, genesis in many lines', '29 MB', (home) => writeGenesis(home, 28 * MiB, '\n      ')),
  patchGenesis('config-patch, genesis in one line', '29 MB', (home) => writeGenesis(home, 28 * MiB, '')),
  {
    ...patchGenesis('config-patch, genesis at the cap', '2 GiB', (home) =>
      writeGenesis(home, 2048 * MiB - 4 * MiB, '\n      '),
    ),
    isLong: true,
  },
  {
    name: 'config-patch, JSON that is parsed whole, 1,000 keys change',
    input: '64 KiB',
    prepare: writeConfig('genesis.json', () => `{"chain_id":"c",${fill(63 * KiB, (index) => `"k${index}":0,`)}"z":1}`),
    tasks: () => [patch({ 'genesis.json': manyKeys })],
    ends: 'completed',
  },
  {
    name: 'config-patch, genesis of keys, 1,000 of them change',
    input: '16 MiB',
    prepare: writeConfig('genesis.json', () => `{"chain_id":"c",${fill(16 * MiB, (index) => `"k${index}":0,`)}"z":1}`),
    tasks: () => [patch({ 'genesis.json': manyKeys })],
    ends: 'completed',
  },
  {
    name: 'config-patch, a list of a genesis is replaced by a list',
    input: '1 MiB',
    prepare: writeConfig('genesis.json', () => `{"chain_id":"c","x":[${fill(MiB - 2 * KiB, () => '1,')}1]}`),
    tasks: () => [patch({ 'genesis.json': { x: [1, 2] } })],
    ends: 'completed',
  },
  {
    name: 'config-patch, a larger list is replaced by a list',
    input: '2 MiB',
    prepare: writeConfig('genesis.json', () => `{"chain_id":"c","x":[${fill(2 * MiB, () => '{},')}1]}`),
    tasks: () => [patch({ 'genesis.json': { x: [1, 2] } })],
    ends: 'file-invalid',
  },
  {
    name: 'config-patch, three TOML files, 100 keys change in each',
    input: '3 × 128 KiB',
    prepare: async (home) => {
      for (const name of ['config.toml', 'app.toml', 'client.toml']) await writeConfig(name, tomlKeys)(home);
    },
    tasks: () => [patch({ 'config.toml': someKeys, 'app.toml': someKeys, 'client.toml': someKeys })],
    ends: 'completed',
  },
  ...(['config-validate', 'config-apply', 'config-reload'] as const).map((type): LimitCase => ({
    name: `${type}, both files`,
    input: '2 × 128 KiB',
    prepare: async (home) => {
      const moved = await makeSeiHome({ after: () => undefined });
      for (const name of ['config.toml', 'app.toml'] as const) {
        const { readFile } = await import('node:fs/promises');
        const text = await readFile(join(moved.config, name), 'utf8');
        await writeFile(
          join(home.config, name),
          `${text}\n[unknown]\n${fill(127 * KiB - text.length, (index) => `k${index}=1\n`)}`,
        );
      }
      await rm(moved.root, { recursive: true });
    },
    tasks: () => [
      {
        type,
        params:
          type === 'config-apply'
            ? { mode: 'full' }
            : type === 'config-reload'
              ? { fields: { 'logging.level': 'debug' } }
              : {},
      },
    ],
    ends: 'completed',
  })),
  {
    name: 'configure-genesis, from an RPC in pieces',
    input: '8 × 16 MiB',
    isLong: true,
    tasks: ({ url }) => [{ type: 'configure-genesis', params: { rpc: `${url}/chunks` } }],
    ends: 'completed',
  },
  {
    name: 'configure-genesis, from an RPC in one answer',
    input: '48 MiB',
    isLong: true,
    tasks: ({ url }) => [{ type: 'configure-genesis', params: { rpc: `${url}/whole` } }],
    ends: 'completed',
  },
  {
    name: 'configure-state-sync, 16 witnesses with the largest answers',
    input: '16 × 1 MiB',
    tasks: ({ url }) => [
      {
        type: 'configure-state-sync',
        params: { rpcServers: Array.from({ length: 16 }, (_, index) => `${url}/wide/${index + 1}`) },
      },
    ],
    ends: 'completed',
  },
  {
    name: 'discover-peers, 2 sources with 140 addresses each',
    input: '280 peers',
    tasks: () => [
      {
        type: 'discover-peers',
        params: {
          sources: Array.from({ length: 2 }, (_, source) => ({
            type: 'static',
            addresses: Array.from(
              { length: 140 },
              (_unused, index) => `${String(source * 140 + index).padStart(40, '0')}@h${index}.example:26656`,
            ),
          })),
        },
      },
    ],
    ends: 'completed',
  },
  ...[1, 3].map((daemons): LimitCase => ({
    name: `result-export, ${daemons} daemon${daemons > 1 ? 's' : ''} with the largest blocks`,
    input: `${daemons} × 60 MiB`,
    tasks: (servers) =>
      Array.from({ length: daemons }, (_, index) => exportBlocks(servers, `large-${daemons}-${index}`, 60)),
    ends: 'running',
    areDone: ({ stored }, results) =>
      results.some(({ status }) => status !== 'running') ||
      results.every((_, index) => (stored.get(`large-${daemons}-${index}`) ?? 0) >= 2),
  })),
];

export const emptyHome = async (home: NodeHome): Promise<void> => {
  for (const folder of [home.config, home.data]) {
    await rm(folder, { recursive: true, force: true });
    await mkdir(folder);
  }
  await writeFile(join(home.config, 'config.toml'), cometBFTConfig);
};
