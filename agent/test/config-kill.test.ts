import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { isDeepStrictEqual } from 'node:util';
import { silentLogger } from '@nodetask/shared';
import { recoverConfigFolder } from '../src/node/config-folder.ts';
import { sha256OfFile } from '../src/node/file-transaction.ts';
import { type NodeHome, nodeHome } from '../src/node/node-home.ts';
import { makeTempHome } from '../src/node/testing/temp-home.ts';
import { mapConcurrently } from '../src/tasks/map-concurrently.ts';
import { makeSeiHome } from '../src/tasks/testing/sei-home.ts';
import { configTask } from './support/config-task.ts';
import { startTestS3, testBucket } from './support/object-store.ts';

/**
 * kill -9 of the tasks that write under config/, in a process of their own, at every call that changes a file: before it, and in the middle
 * of each write. At once after the kill each file is whole, the old one or the new one; after the recovery that the agent's start and every
 * task begin with, all are old or all are new, and nothing else is there; the same task again leads to the same end.
 */

const s3 = await startTestS3();
const genesis = (pad: string): string =>
  JSON.stringify({ genesis_time: '2026-01-01T00:00:00Z', chain_id: 'test-1', app_state: { pad } });

interface Scenario {
  readonly what: string;
  readonly type: string;
  readonly params: object;
  /** The home before the task. */
  readonly make: (t: TestContext) => Promise<NodeHome>;
  /** Calls that there must be, so that no kill point goes missing unseen. */
  readonly calls: Readonly<Record<string, number>>;
}

const seiHome = async (t: TestContext): Promise<NodeHome> => makeSeiHome(t, 'validator');

const scenarios: readonly Scenario[] = [
  {
    what: 'config-apply over the files of a node',
    type: 'config-apply',
    params: { mode: 'archive', overrides: { 'chain.moniker': 'me' } },
    make: seiHome,
    // Two files and the journal; two renames and the one of the journal.
    calls: { open: 3, writeFile: 3, rename: 3, unlink: 1, sync: 7 },
  },
  {
    what: 'config-apply into a home without config/',
    type: 'config-apply',
    params: { mode: 'full' },
    make: async (t) => {
      const home = await makeTempHome(t);
      await rm(home.config, { recursive: true });
      return home;
    },
    calls: { mkdir: 1, open: 3, writeFile: 3, rename: 3, unlink: 1, sync: 7 },
  },
  {
    what: 'config-patch of one file',
    type: 'config-patch',
    params: { files: { 'app.toml': { pruning: 'custom' } } },
    make: seiHome,
    calls: { open: 1, writeFile: 1, rename: 1, sync: 2 },
  },
  {
    what: 'config-patch of two files',
    type: 'config-patch',
    params: { files: { 'config.toml': { moniker: 'b' }, 'app.toml': { pruning: 'custom' } } },
    make: seiHome,
    calls: { open: 3, writeFile: 3, rename: 3, unlink: 1, sync: 7 },
  },
  {
    what: 'configure-genesis in the place of another',
    type: 'configure-genesis',
    params: { ...s3Params(), chainId: 'test-1' },
    make: async (t) => {
      const home = await makeSeiHome(t);
      const task = configTask(home);
      await task.run('configure-genesis', { ...s3Params('old.json') });
      await task.close();
      return home;
    },
    calls: { open: 1, writeFile: 1, rename: 1 },
  },
  {
    what: 'configure-genesis into a home without config/',
    type: 'configure-genesis',
    params: s3Params(),
    make: async (t) => {
      const home = await makeTempHome(t);
      await rm(home.config, { recursive: true });
      return home;
    },
    calls: { mkdir: 1, open: 1, writeFile: 1, rename: 1 },
  },
];

function s3Params(key = 'new.json'): object {
  const { bucket, ...server } = s3.params(testBucket);
  return { uri: `s3://${bucket}/${key}`, ...server };
}

/** The modes and hashes of the files under config/; none where there is no config/. */
const filesOf = async (home: NodeHome): Promise<Readonly<Record<string, string>>> => {
  const names = (await readdir(home.root)).includes('config') ? await readdir(home.config) : [];
  const entries = names.toSorted().map(async (name) => {
    const path = join(home.config, name);
    return [name, `${((await stat(path)).mode & 0o7777).toString(8)} ${await sha256OfFile(path)}`] as const;
  });
  return Object.fromEntries(await Promise.all(entries));
};

interface Ended {
  /** Calls that the process got to. */
  readonly calls: readonly string[];
  readonly killed: boolean;
}

const program = fileURLToPath(new URL('support/killed-config-task.ts', import.meta.url));

const runKilledAt = async (home: NodeHome, { type, params }: Scenario, at: string): Promise<Ended> => {
  const args = ['--conditions=nodetask-source', program, type, home.root, JSON.stringify(params), at];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
  const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
  assert.ok(signal === 'SIGKILL' || code === 0, `${type} ended with ${String(code ?? signal)} at "${at}"`);
  return { calls: output.split('\n').filter((line) => line !== ''), killed: signal === 'SIGKILL' };
};

/** A copy of a home, for one kill. */
const copyOf = async (t: TestContext, home: NodeHome): Promise<NodeHome> => {
  const root = await mkdtemp(join(tmpdir(), 'nodetask-killed-'));
  t.after(() => rm(root, { recursive: true, force: true }));
  await cp(home.root, root, { recursive: true });
  return nodeHome(root);
};

const runAgain = async (home: NodeHome, { type, params }: Scenario): Promise<string> => {
  const task = configTask(home);
  try {
    return (await task.run(type, params)).outcome;
  } finally {
    await task.close();
  }
};

const count = (calls: readonly string[], name: string): number =>
  calls.filter((call) => call.startsWith(`${name} `)).length;

/** A document comes in as many pieces as the network makes of it: of its writes those count that there always are. */
const killPoints = (call: string, { calls }: Scenario): readonly string[] => {
  const [name = '', number] = call.split(' ');
  if (name !== 'writeFile') return [call];
  return Number(number) <= (calls['writeFile'] ?? 0) ? [call, `${call} half`] : [];
};

describe('kill -9 at every call that changes a file', () => {
  for (const scenario of scenarios) {
    test(scenario.what, async (t) => {
      await s3.files.put(testBucket, 'old.json', genesis('old'));
      await s3.files.put(testBucket, 'new.json', genesis('x'.repeat(300_000)));
      const home = await scenario.make(t);
      const before = await filesOf(home);
      const whole = await copyOf(t, home);
      const { calls, killed } = await runKilledAt(whole, scenario, 'nowhere');
      const wanted = await filesOf(whole);
      assert.equal(killed, false);
      assert.notDeepEqual(wanted, before);
      for (const [name, least] of Object.entries(scenario.calls)) {
        assert.ok(count(calls, name) >= least, `${name}: ${count(calls, name)} of ${least} in ${calls.join(', ')}`);
      }

      const points = calls.flatMap((call) => killPoints(call, scenario));
      const seen = { old: 0, new: 0 };
      await mapConcurrently(points, 2, async (point) => {
        const copy = await copyOf(t, home);
        const end = await runKilledAt(copy, scenario, point);
        assert.ok(end.killed, `the task did not get to "${point}", only to ${end.calls.join(', ')}`);
        for (const [name, content] of Object.entries(await filesOf(copy))) {
          if (name.startsWith('.nodetask-')) continue;
          assert.ok([before[name], wanted[name]].includes(content), `${point}: ${name} is neither old nor new`);
        }
        await recoverConfigFolder(copy, silentLogger);
        const now = await filesOf(copy);
        const isOld = isDeepStrictEqual(now, before);
        if (!isOld) assert.deepEqual(now, wanted, `a mixture after a kill at "${point}"`);
        seen[isOld ? 'old' : 'new']++;
        assert.equal(await runAgain(copy, scenario), isOld ? 'changed' : 'unchanged');
        assert.deepEqual(await filesOf(copy), wanted, `after a kill at "${point}" the task again`);
      });
      assert.ok(seen.old > 0 && seen.new > 0, JSON.stringify(seen));
      t.diagnostic(`${points.length} kills: ${seen.old} left the old files, ${seen.new} the new ones`);
    });
  }
});
