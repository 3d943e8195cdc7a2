/** The verdict of config-validate, value by value, beside what the real nodes do when they are started on the same home. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
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

const compare = (what: string, file: string, rows: readonly Row[], make: () => Promise<RealNode>): void => {
  describe(what, () => {
    let node: RealNode | undefined;
    let original = '';
    before(async () => {
      node = await make();
      const config = join(node.home, 'config', 'config.toml');
      const text = loopback.reduce(
        (result, [key, value]) => withValue(result, key, value),
        await readFile(config, 'utf8'),
      );
      await writeFile(config, text);
      original = await readFile(join(node.home, 'config', file), 'utf8');
    });
    for (const [key, value, starts] of rows) {
      test(`${key} = ${value}: the node ${starts ? 'starts' : 'refuses'}, and config-validate says the same`, async () => {
        assert.ok(node);
        await writeFile(join(node.home, 'config', file), withValue(original, key, value));
        const real = await startsOn(node);
        assert.equal(real.starts, starts, real.log);
        assert.equal(await isValid(node.home), starts);
      });
    }
  });
};

describe('config-validate and the real nodes', () => {
  let root = '';
  before(async () => {
    root = await mkdtemp(join(tmpdir(), 'nodetask-validate-'));
  });
  after(() => rm(root, { recursive: true }));

  compare('CometBFT 0.38.26 and config.toml', 'config.toml', cometBFTRows, async () => {
    const program = await findProgram('cometbft');
    const home = join(root, 'cometbft');
    await mustRun(program, ['init', '--home', home]);
    return { program, home, arguments: [] };
  });

  compare('the Cosmos SDK 0.55.0 and app.toml', 'app.toml', sdkRows, async () => {
    const program = await findProgram('sdk-node');
    const home = join(root, 'sdk');
    await mustRun(program, ['init', 'test', '--chain-id', 'sdk-1', '--home', home]);
    const { stdout } = await mustRun(program, ['genesis', '--chain-id', 'sdk-1', home]);
    await writeFile(join(home, 'config', 'genesis.json'), stdout);
    return { program, home, arguments: ['--grpc.enable=false'] };
  });
});
