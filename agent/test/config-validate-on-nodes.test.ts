/** The verdict of config-validate, value by value, beside what the real nodes do when they are started on the same home. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, describe, test, type TestContext } from 'node:test';
import { findProgram, mustRun } from '@nodetask/testbed';
import { nodeHome } from '../src/node/node-home.ts';
import { configValidate } from '../src/tasks/config-validate/config-validate.ts';
import { runTask } from '../src/tasks/testing/run-task.ts';
import { cometBFTGenesisRows, type GenesisRow, sdkGenesisRows, withMember } from './support/genesis-rows.ts';
import { cometBFTRows, sdkConfigRows, sdkRows, type StartRow } from './support/start-rows.ts';

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
  const deadline = setTimeout(() => child.kill('SIGKILL'), 60_000);
  const [, signal] = (await once(child, 'close')) as [number | null, string | null];
  clearTimeout(deadline);
  assert.ok(starts || signal === null, `the node neither started nor ended in 60 seconds:\n${log}`);
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

/** A file of TOML with one value replaced, or added where its section begins. */
const withValue = (text: string, dotted: string, value: string): string => {
  const parts = dotted.split('.');
  const key = parts.pop() ?? '';
  const lines = text.split('\n');
  let section = '';
  const at = lines.findIndex((line) => {
    section = /^\[([\w.-]+)\]/.exec(line)?.[1] ?? section;
    return section === parts.join('.') && line.split('=')[0]?.trim() === key;
  });
  if (at >= 0) return lines.with(at, `${key} = ${value}`).join('\n');
  const start = parts.length === 0 ? 0 : lines.indexOf(`[${parts.join('.')}]`) + 1;
  assert.ok(parts.length === 0 || start > 0, `${dotted} has no section in the file`);
  return lines.toSpliced(start, 0, `${key} = ${value}`).join('\n');
};

const loopback: readonly (readonly [string, string])[] = [
  ['rpc.laddr', '"tcp://127.0.0.1:0"'],
  ['p2p.laddr', '"tcp://127.0.0.1:0"'],
  ['rpc.pprof_laddr', '""'],
  ['proxy_app', '"kvstore"'],
];

const nameOf = ({ set, files = {} }: StartRow): string =>
  [
    ...Object.entries(set).map(([key, value]) => `${key} = ${value}`),
    ...Object.entries(files).map(
      ([path, what]) => `${path}: ${typeof what === 'string' ? what : JSON.stringify(what)}`,
    ),
  ].join(', ');

const put = async (home: string, { files = {} }: StartRow): Promise<void> => {
  for (const [path, what] of Object.entries(files)) {
    await rm(join(home, path), { recursive: true, force: true });
    if (what === 'folder') await mkdir(join(home, path));
    else if (what !== 'gone') await writeFile(join(home, path), what.text);
  }
};

const rewrite = async (home: string, name: string, change: (text: string) => string): Promise<void> => {
  const path = join(home, 'config', name);
  await writeFile(path, change(await readFile(path, 'utf8')));
};

interface Rows {
  readonly file: 'config.toml' | 'app.toml';
  readonly rows: readonly StartRow[];
  readonly genesis?: readonly GenesisRow[];
}

const compare = (what: string, { file, rows, genesis = [] }: Rows, make: () => Promise<RealNode>): void => {
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

    /** Changes a copy of the home, and has it judged by config-validate and by the node's own start. */
    const judge = async (
      t: TestContext,
      change: (home: string) => Promise<void>,
      expected: { readonly valid: boolean; readonly starts: boolean },
    ): Promise<void> => {
      assert.ok(node);
      // Of its own, as a node that starts leaves data.
      const home = await mkdtemp(`${node.home}-`);
      t.after(() => rm(home, { recursive: true }));
      await cp(node.home, home, { recursive: true });
      await change(home);
      assert.equal(await isValid(home), expected.valid);
      const real = await startsOn({ ...node, home });
      assert.equal(real.starts, expected.starts, real.log);
    };

    for (const row of rows) {
      const { set, starts, stricter } = row;
      test(`${nameOf(row)}: the node ${starts ? 'starts' : 'refuses'}, and config-validate ${stricter === undefined ? 'says the same' : `refuses, as ${stricter}`}`, async (t) => {
        await judge(
          t,
          async (home) => {
            await rewrite(home, file, (text) =>
              Object.entries(set).reduce((result, [key, value]) => withValue(result, key, value), text),
            );
            await put(home, row);
          },
          { valid: starts && stricter === undefined, starts },
        );
      });
    }
    for (const [path, value, starts] of genesis) {
      test(`${path} ${JSON.stringify(value) ?? 'missing'} in the genesis: the node ${starts ? 'starts' : 'refuses'}, and config-validate says the same`, async (t) => {
        await judge(t, (home) => rewrite(home, 'genesis.json', (text) => withMember(text, path, value)), {
          valid: starts,
          starts,
        });
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

  const makeCometBFT = async (name: string): Promise<RealNode> => {
    const program = await findProgram('cometbft');
    const home = join(root, name);
    await mustRun(program, ['init', '--home', home]);
    return { program, home, arguments: [] };
  };

  const makeSDK = async (name: string): Promise<RealNode> => {
    const program = await findProgram('sdk-node');
    const home = join(root, name);
    await mustRun(program, ['init', 'test', '--chain-id', 'sdk-1', '--home', home]);
    const { stdout } = await mustRun(program, ['genesis', '--chain-id', 'sdk-1', home]);
    await writeFile(join(home, 'config', 'genesis.json'), stdout);
    return { program, home, arguments: [] };
  };

  const cometBFT = { file: 'config.toml', rows: cometBFTRows, genesis: cometBFTGenesisRows } as const;
  compare('CometBFT 0.38.26, config.toml and the genesis', cometBFT, () => makeCometBFT('cometbft'));
  const sdk = { file: 'app.toml', rows: sdkRows, genesis: sdkGenesisRows } as const;
  compare('the Cosmos SDK 0.55.0, app.toml and the genesis', sdk, () => makeSDK('sdk'));
  const sdkConfig = { file: 'config.toml', rows: sdkConfigRows } as const;
  compare('the Cosmos SDK 0.55.0 and config.toml', sdkConfig, () => makeSDK('sdk-config'));

  test('a node that has run starts without its genesis, and config-validate says that it has a copy', async () => {
    const node = await makeCometBFT('without-genesis');
    const config = join(node.home, 'config', 'config.toml');
    const text = await readFile(config, 'utf8');
    await writeFile(
      config,
      loopback.reduce((result, [key, value]) => withValue(result, key, value), text),
    );
    assert.ok((await startsOn(node)).starts);
    await rm(join(node.home, 'config', 'genesis.json'));
    const real = await startsOn(node);
    assert.ok(real.starts, real.log);
    const { output } = await runTask('config-validate', configValidate(nodeHome(node.home)), {});
    assert.match(JSON.stringify(output), /genesis\.json does not exist: the node takes the copy in its database/);
  });
});
