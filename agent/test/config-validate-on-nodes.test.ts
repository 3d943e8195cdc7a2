/** The verdict of config-validate, value by value, beside what the real nodes do when they are started on the same home. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, describe, test } from 'node:test';
import { findProgram, mustRun } from '@nodetask/testbed';
import { nodeHome } from '../src/node/node-home.ts';
import { configValidate } from '../src/tasks/config-validate/config-validate.ts';
import { runTask } from '../src/tasks/testing/run-task.ts';

type Row = readonly [key: string, value: string, starts: boolean];

const id = '0123456789abcdef0123456789abcdef01234567';

const cometBFTRows: readonly Row[] = [
  ['log_level', '"info"', true],
  ['log_level', '"consensus:debug,*:info"', true],
  ['log_level', '"warn"', false],
  ['log_level', '""', false],
  ['log_level', '"consensus:debug, main:info"', true],
  ['log_format', '"text"', false],
  ['db_backend', '"goleveldb"', true],
  ['db_backend', '"leveldb"', false],
  // Not read, as the application is in the program.
  ['abci', '"grpcs"', true],
  ['p2p.laddr', '"127.0.0.1:0"', true],
  ['p2p.laddr', '"127.0.0.1"', false],
  ['p2p.laddr', '"tcp://127.0.0.1:70000"', false],
  ['rpc.laddr', '""', true],
  ['rpc.laddr', '"127.0.0.1:0"', false],
  ['rpc.laddr', '"tcp://127.0.0.1"', false],
  ['rpc.laddr', '"http://127.0.0.1:0"', false],
  ['p2p.persistent_peers', `"${id}@127.0.0.1:1, "`, true],
  ['p2p.persistent_peers', '"127.0.0.1:1"', false],
  ['p2p.persistent_peers', '"abc@127.0.0.1:1"', false],
  ['p2p.persistent_peers', `"${id}@127.0.0.1"`, false],
  ['p2p.unconditional_peer_ids', `"${id}"`, true],
  ['p2p.unconditional_peer_ids', '"abc"', false],
  ['p2p.private_peer_ids', '"abc"', true],
  ['consensus.timeout_commit', '"1d"', false],
  ['consensus.timeout_commit', '"3 seconds"', false],
  ['consensus.timeout_commit', '"-1s"', false],
  ['consensus.timeout_commit', '1000000', true],
  ['mempool.type', '"fifo"', false],
  ['mempool.size', '"many"', false],
  ['statesync.enable', 'true', false],
];

const sdkRows: readonly Row[] = [
  ['minimum-gas-prices', '"0stake"', true],
  ['minimum-gas-prices', '""', false],
  ['minimum-gas-prices', '"cheap"', false],
  ['pruning', '"nothing"', true],
  ['pruning', '"sometimes"', false],
  ['pruning', '"custom"', false],
  ['app-db-backend', '"sqlite"', false],
  ['halt-height', '"never"', false],
];

/** A genesis in which one of the members is another; undefined leaves it out. */
type GenesisRow = readonly [path: string, value: unknown, starts: boolean];

const cometBFTGenesisRows: readonly GenesisRow[] = [
  ['initial_height', '5', true],
  ['initial_height', 5, false],
  ['initial_height', '05', false],
  ['genesis_time', '2026-01-31T12:00:00+02:00', false],
  ['chain_id', 'a'.repeat(51), false],
  ['consensus_params.block.max_bytes', '-1', true],
  ['consensus_params.block.max_bytes', '104857601', false],
  ['consensus_params.evidence.max_bytes', '104857600', false],
  ['consensus_params.validator.pub_key_types', ['rsa'], false],
  ['consensus_params.version', { app: 1 }, false],
  ['validators.0.power', '-1', false],
  ['validators.0.address', '00', false],
  ['validators.0.address', '', true],
  ['validators.0.pub_key.value', 'AAAA', false],
  ['app_hash', '0', false],
];

const sdkGenesisRows: readonly GenesisRow[] = [
  ['initial_height', 1, true],
  ['initial_height', 1.5, false],
  ['genesis_time', '2026-01-31T12:00:00+02:00', true],
  ['genesis_time', '2026-01-31', false],
  ['chain_id', ' ', false],
  ['consensus', undefined, false],
  ['consensus.params.block.max_bytes', '0', false],
  ['consensus.params.evidence.max_age_duration', '48h', false],
  ['app_hash', 'A', false],
  ['app_state', [], false],
  ['app_state', undefined, false],
];

const withMember = (text: string, dotted: string, value: unknown): string => {
  const document = JSON.parse(text) as Record<string, unknown>;
  const names = dotted.split('.');
  const last = names.pop() ?? '';
  let object = document;
  for (const name of names) object = object[name] as Record<string, unknown>;
  assert.ok(last in object, `${dotted} is not in the document`);
  object[last] = value;
  return JSON.stringify(document);
};

interface RealNode {
  readonly program: string;
  readonly home: string;
  readonly arguments: readonly string[];
}

/** True if the node listens for peers, after which it makes blocks as the only validator; false if it ended before. */
const startsOn = async ({
  program,
  home,
  arguments: more,
}: RealNode): Promise<{ readonly starts: boolean; readonly log: string }> => {
  const child = spawn(program, ['start', '--home', home, ...more], { stdio: ['ignore', 'pipe', 'pipe'] });
  let log = '';
  let starts = false;
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on('line', (line) => {
      log = `${log}${line.slice(0, 300)}\n`.slice(-2_000);
      if (/Started node|finalizing commit of block/.test(line)) {
        starts = true;
        child.kill('SIGKILL');
      }
    });
  }
  const deadline = setTimeout(() => child.kill('SIGKILL'), 20_000);
  const [, signal] = (await once(child, 'close')) as [number | null, string | null];
  clearTimeout(deadline);
  assert.ok(starts || signal === null, `the node neither started nor ended in 20 seconds:\n${log}`);
  return { starts, log };
};

const isValid = async (home: string): Promise<boolean> => {
  try {
    await runTask('config-validate', configValidate(nodeHome(home)), {});
    return true;
  } catch (error) {
    assert.equal((error as { code?: string }).code, 'config-invalid', String(error));
    return false;
  }
};

/** A file of TOML with one value replaced. */
const withValue = (text: string, dotted: string, value: string): string => {
  const parts = dotted.split('.');
  const key = parts.pop() ?? '';
  let section = '';
  let found = false;
  const lines = text.split('\n').map((line) => {
    section = /^\[([\w.-]+)\]/.exec(line)?.[1] ?? section;
    if (section !== parts.join('.') || line.split('=')[0]?.trim() !== key) return line;
    found = true;
    return `${key} = ${value}`;
  });
  assert.ok(found, `${dotted} is not in the file`);
  return lines.join('\n');
};

const loopback: readonly (readonly [string, string])[] = [
  ['rpc.laddr', '"tcp://127.0.0.1:0"'],
  ['p2p.laddr', '"tcp://127.0.0.1:0"'],
  ['rpc.pprof_laddr', '""'],
  ['proxy_app', '"kvstore"'],
];

interface Rows {
  readonly file: 'config.toml' | 'app.toml';
  readonly rows: readonly Row[];
  readonly genesis: readonly GenesisRow[];
}

const compare = (what: string, { file, rows, genesis }: Rows, make: () => Promise<RealNode>): void => {
  describe(what, () => {
    let node: RealNode | undefined;
    before(async () => {
      node = await make();
      const config = join(node.home, 'config', 'config.toml');
      const text = loopback.reduce(
        (result, [key, value]) => withValue(result, key, value),
        await readFile(config, 'utf8'),
      );
      await writeFile(config, text);
    });

    /** Starts the node with a file changed, and with the one that it had before put back. */
    const judge = async (name: string, change: (text: string) => string, starts: boolean): Promise<void> => {
      assert.ok(node);
      const path = join(node.home, 'config', name);
      const original = await readFile(path, 'utf8');
      await writeFile(path, change(original));
      try {
        // Before the node is started: one that has state is not kept from starting by its genesis.
        assert.equal(await isValid(node.home), starts);
        const real = await startsOn(node);
        assert.equal(real.starts, starts, real.log);
      } finally {
        await writeFile(path, original);
      }
    };

    for (const [key, value, starts] of rows) {
      test(`${key} = ${value}: the node ${starts ? 'starts' : 'refuses'}, and config-validate says the same`, async () => {
        await judge(file, (text) => withValue(text, key, value), starts);
      });
    }
    for (const [path, value, starts] of genesis) {
      test(`${path} ${JSON.stringify(value) ?? 'missing'} in the genesis: the node ${starts ? 'starts' : 'refuses'}, and config-validate says the same`, async () => {
        assert.ok(node);
        await emptyData(node.home);
        await judge('genesis.json', (text) => withMember(text, path, value), starts);
      });
    }
  });
};

/** As init leaves it: without databases, and with a validator that has signed nothing. */
const emptyData = async (home: string): Promise<void> => {
  const data = join(home, 'data');
  await rm(data, { recursive: true, force: true });
  await mkdir(data);
  await writeFile(join(data, 'priv_validator_state.json'), '{"height":"0","round":0,"step":0}');
};

describe('config-validate and the real nodes', () => {
  let root = '';
  before(async () => {
    root = await mkdtemp(join(tmpdir(), 'nodetask-validate-'));
  });
  after(() => rm(root, { recursive: true }));

  const cometBFT = { file: 'config.toml', rows: cometBFTRows, genesis: cometBFTGenesisRows } as const;
  compare('CometBFT 0.38.26, config.toml and the genesis', cometBFT, async () => {
    const program = await findProgram('cometbft');
    const home = join(root, 'cometbft');
    await mustRun(program, ['init', '--home', home]);
    return { program, home, arguments: [] };
  });

  const sdk = { file: 'app.toml', rows: sdkRows, genesis: sdkGenesisRows } as const;
  compare('the Cosmos SDK 0.55.0, app.toml and the genesis', sdk, async () => {
    const program = await findProgram('sdk-node');
    const home = join(root, 'sdk');
    await mustRun(program, ['init', 'test', '--chain-id', 'sdk-1', '--home', home]);
    const { stdout } = await mustRun(program, ['genesis', '--chain-id', 'sdk-1', home]);
    await writeFile(join(home, 'config', 'genesis.json'), stdout);
    return { program, home, arguments: ['--grpc.enable=false'] };
  });
});
