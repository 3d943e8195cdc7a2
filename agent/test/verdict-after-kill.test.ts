import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { after, before, describe, it, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { TaskResult } from '@nodetask/shared';
import type { NodeHome } from '../src/node/node-home.ts';
import { makeTempHome } from '../src/node/testing/temp-home.ts';
import { makeSeiHome } from '../src/tasks/testing/sei-home.ts';
import { FullServers } from './support/limits/full-servers.ts';
import { startTestS3, testBucket } from './support/object-store.ts';
import { chainId, makeChainHome, runUpload, writeSnapshot } from './support/snapshot-home.ts';

/**
 * The agent is killed after a task has changed something for good and before its end is journalled: the next start has to tell `changed`, even
 * if the time of the task is over by then. Real kills of a process with the engine, its journal and the real handlers.
 */

const s3 = await startTestS3();
const at = (prefix: string): object => ({ ...s3.params(testBucket), prefix });
const program = fileURLToPath(new URL('support/killed-verdict.ts', import.meta.url));

const start = async (...args: readonly string[]): Promise<{ readonly killed: boolean; readonly output: string }> => {
  const child = spawn(process.execPath, ['--conditions=nodetask-source', program, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const output = text(child.stdout);
  const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
  assert.ok(signal === 'SIGKILL' || code === 0, `it ended with ${String(code ?? signal)}`);
  return { killed: signal === 'SIGKILL', output: await output };
};

/** Runs a task until it is killed with its work done, and answers what the next start makes of it, so many milliseconds later. */
const killAndResume = async (home: NodeHome, task: object, laterMs: number): Promise<TaskResult> => {
  assert.ok((await start(home.root, JSON.stringify(task))).killed, 'the task did not do its work');
  return JSON.parse((await start(home.root, '', String(laterMs))).output) as TaskResult;
};

let servers: FullServers;
before(async () => {
  servers = await FullServers.start();
});
after(() => servers[Symbol.asyncDispose]());

interface Case {
  readonly type: string;
  readonly params: () => object;
  readonly make: (t: TestContext) => Promise<NodeHome>;
  /** What the output has to say besides. */
  readonly output: object;
}

const peer = `${'a'.repeat(40)}@10.0.0.1:26656`;

const uploadedSnapshots = async (t: TestContext, prefix: string): Promise<void> => {
  const source = await makeChainHome(t);
  for (const height of [100, 200]) await writeSnapshot(source, height, 1_000);
  await runUpload(source, at(prefix));
};

const withSnapshots = async (t: TestContext): Promise<NodeHome> => {
  const home = await makeChainHome(t);
  for (const height of [100, 200]) await writeSnapshot(home, height, 1_000);
  return home;
};

const cases: Readonly<Record<string, Case>> = {
  'config-patch of two files': {
    type: 'config-patch',
    params: () => ({ files: { 'config.toml': { moniker: 'b' }, 'app.toml': { pruning: 'everything' } } }),
    make: (t) => makeSeiHome(t),
    output: {
      changes: [
        { file: 'config.toml', key: 'moniker', from: '(hidden)', to: '(hidden)' },
        { file: 'app.toml', key: 'pruning', from: 'custom', to: 'everything' },
      ],
    },
  },
  'config-patch of a large genesis': {
    type: 'config-patch',
    params: () => ({ files: { 'genesis.json': { chain_id: 'd' } } }),
    make: async (t) => {
      const home = await makeSeiHome(t);
      await writeFile(join(home.config, 'genesis.json'), `{"chain_id":"c","x":"${'x'.repeat(100_000)}"}`);
      return home;
    },
    output: { changes: [{ file: 'genesis.json', key: 'chain_id', from: 'c', to: 'd' }] },
  },
  'config-apply': {
    type: 'config-apply',
    params: () => ({ incremental: true, overrides: { 'chain.moniker': 'me' } }),
    make: (t) => makeSeiHome(t),
    output: { changes: [{ file: 'config.toml', key: 'moniker', from: '(hidden)', to: '(hidden)' }] },
  },
  'config-reload': {
    type: 'config-reload',
    params: () => ({ fields: { 'logging.level': 'debug' } }),
    make: (t) => makeSeiHome(t),
    output: { changes: [{ file: 'config.toml', key: 'log-level', from: 'info', to: 'debug' }] },
  },
  'configure-genesis': {
    type: 'configure-genesis',
    params: () => ({ rpc: `${servers.url}/small` }),
    make: (t) => makeSeiHome(t),
    output: { chainId: 'full-1' },
  },
  'configure-state-sync': {
    type: 'configure-state-sync',
    params: () => ({ rpcServers: [1, 2].map((node) => `${servers.url}/wide/${node}`) }),
    make: (t) => makeSeiHome(t),
    output: { trustHash: 'A'.repeat(64) },
  },
  'discover-peers': {
    type: 'discover-peers',
    params: () => ({ sources: [{ type: 'static', addresses: [peer] }] }),
    make: (t) => makeSeiHome(t),
    output: { peers: [peer] },
  },
  'snapshot-upload': {
    type: 'snapshot-upload',
    params: () => at('killed-upload'),
    make: withSnapshots,
    output: { height: 100 },
  },
  'snapshot-upload that had only latest.txt to write': {
    type: 'snapshot-upload',
    params: () => at('killed-latest'),
    make: async (t) => {
      await uploadedSnapshots(t, 'killed-latest');
      await s3.files.delete(testBucket, 'killed-latest/latest.txt');
      return withSnapshots(t);
    },
    output: { height: 100 },
  },
  'snapshot-restore': {
    type: 'snapshot-restore',
    params: () => ({ ...at('killed-restore'), chainId }),
    make: async (t) => {
      await uploadedSnapshots(t, 'killed-restore');
      return makeChainHome(t);
    },
    output: { height: 100 },
  },
  'result-export of three pages': {
    type: 'result-export',
    params: () => ({
      ...at('killed-export'),
      rpcEndpoint: `${servers.url}/blocks/0`,
      startHeight: 701,
      pageSize: 100,
    }),
    // The servers are of another chain than that of the other cases.
    make: (t) => makeTempHome(t),
    output: { pages: 3, blocks: 300, lastExportedHeight: 1000 },
  },
};

/** Each case leaves nothing at the store that the next one with its name would find. */
const clear = async (): Promise<void> => {
  for (const prefix of ['killed-upload', 'killed-latest', 'killed-restore', 'killed-export']) {
    for (const { key } of await s3.files.list(testBucket, `${prefix}/`)) await s3.files.delete(testBucket, key);
  }
};

describe('an agent that is killed between the change of a task and the verdict', { timeout: 600_000 }, () => {
  for (const [name, { type, params, make, output }] of Object.entries(cases)) {
    it(`tells of ${name} that it changed something, although its time is over by then`, async (t) => {
      await clear();
      const result = await killAndResume(await make(t), { type, params: params(), timeoutSeconds: 300 }, 301_000);
      assert.deepEqual([result.status, result.outcome], ['completed', 'changed'], String(result.error));
      assert.equal(result.output?.['reason'], undefined);
      assert.partialDeepStrictEqual(result.output, output);
    });
  }

  it('runs the task again if somebody has undone the change', async (t) => {
    const home = await makeSeiHome(t);
    const task = { type: 'config-patch', params: { files: { 'client.toml': { a: 1 } } } };
    await writeFile(join(home.config, 'client.toml'), 'a = 0\n');
    assert.ok((await start(home.root, JSON.stringify(task))).killed);
    await writeFile(join(home.config, 'client.toml'), 'a = 1\n# by hand\n');
    const { outcome } = JSON.parse((await start(home.root, '')).output) as TaskResult;
    assert.equal(outcome, 'unchanged');
  });

  it('ends the task as timed out if it had changed nothing', async (t) => {
    const home = await makeSeiHome(t);
    const path = join(home.config, 'client.toml');
    await writeFile(path, 'a = 0\n');
    const task = { type: 'config-patch', params: { files: { 'client.toml': { a: 1 } } }, timeoutSeconds: 300 };
    assert.ok((await start(home.root, JSON.stringify(task))).killed);
    await writeFile(path, 'a = 0\n');
    const { errorCode } = JSON.parse((await start(home.root, '', '301000')).output) as TaskResult;
    assert.equal(errorCode, 'timed-out');
  });
});
