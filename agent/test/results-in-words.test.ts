import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { systemClock } from '@nodetask/runtime';
import { maxMessageCharacters, type Outcome, type TaskParams, type TaskType, taskTypes } from '@nodetask/shared';
import type { TaskHandler, TaskReport } from '../src/engine/task-handler.ts';
import type { NodeHome } from '../src/node/node-home.ts';
import { createEgress } from '../src/node/testing/loopback-egress.ts';
import { type Respond, startHostServers } from '../src/node/testing/host-servers.ts';
import { sendJson } from '../src/node/testing/http-server.ts';
import { createHandlers } from '../src/tasks/handlers.ts';
import { runTask } from '../src/tasks/testing/run-task.ts';
import { makeSeiHome } from '../src/tasks/testing/sei-home.ts';
import { startTestS3, testBucket } from './support/object-store.ts';
import { runUpload, writeSnapshot } from './support/snapshot-home.ts';

/**
 * Every type says in words what each of its outcomes came to, with numbers where there are some. The handlers are those of an agent; the store is a
 * real one, and the nodes answer as those of CometBFT do.
 */
const s3 = await startTestS3();
const chainId = 'words-1';
const [first, second] = ['127.31.0.1', '127.31.0.2'] as const;

interface Row {
  readonly outcome: Outcome;
  readonly says: RegExp;
  readonly params?: (places: Places) => object;
  /** Has to be there before. */
  readonly given?: (home: NodeHome) => Promise<void>;
}

interface Places {
  readonly urls: readonly [string, string];
}

const store =
  (prefix: string, more: object = {}) =>
  (): object => ({ ...s3.params(testBucket), prefix, ...more });
const writeSnapshots = async (home: NodeHome): Promise<void> => {
  for (const height of [100, 200, 300]) await writeSnapshot(home, height, 1000);
};
const witnesses = ({ urls }: Places): object => ({ rpcServers: urls });
const peers = (): object => ({ sources: [{ type: 'static', addresses: [`${'ab'.repeat(20)}@10.9.9.9:26656`] }] });
const patch = (more: object) => (): object => ({
  files: { 'config.toml': { p2p: { 'max-connections': 80, 'external-address': 'tcp://secret.example.com:1' } } },
  ...more,
});
const files = 'config\\.toml and app\\.toml say already what the params ask for';
const restart = 'takes effect when the node restarts';
const setting = 'p2p\\.external-address changed \\(hidden\\), p2p\\.max-connections \\d+ \\u2192 80';

/** By type, its outcomes one after the other on one home. */
const table: Readonly<Record<TaskType, readonly Row[]>> = {
  'config-patch': [
    {
      outcome: 'skipped',
      params: patch({ dryRun: true }),
      says: new RegExp(`^dryRun is set, and nothing was written: ${setting}$`),
    },
    { outcome: 'changed', params: patch({}), says: new RegExp(`^${setting}; ${restart}$`) },
    { outcome: 'unchanged', params: patch({}), says: /^config\.toml says already what the params ask for$/ },
    {
      outcome: 'unchanged',
      params: patch({ dryRun: true }),
      says: /^config\.toml says already what the params ask for$/,
    },
  ],
  'config-apply': [
    {
      outcome: 'skipped',
      params: () => ({ incremental: true, overrides: { 'logging.level': 'debug' }, dryRun: true }),
      says: /^dryRun is set, and nothing was written: log-level info \u2192 debug$/,
    },
    {
      outcome: 'changed',
      params: () => ({ mode: 'seed' }),
      says: new RegExp(`^(?:[^,]+ (?:\\u2192 [^,]+|changed \\(hidden\\)), ){3}and \\d+ more; ${restart}$`),
    },
    { outcome: 'unchanged', params: () => ({ mode: 'seed' }), says: new RegExp(`^${files}$`) },
  ],
  'config-validate': [
    { outcome: 'unchanged', says: /^the configuration of \d{3} keys in 2 files is valid(?:, with \d+ warnings?)?$/ },
  ],
  'config-reload': [
    {
      outcome: 'changed',
      params: () => ({ fields: { 'logging.level': 'debug' } }),
      says: /^log-level info \u2192 debug$/,
    },
    { outcome: 'unchanged', params: () => ({ fields: { 'logging.level': 'debug' } }), says: new RegExp(`^${files}$`) },
  ],
  'mark-ready': [{ outcome: 'changed', says: /^the node is marked ready and may start$/ }],
  'configure-genesis': [
    {
      outcome: 'changed',
      params: ({ urls: [rpc] }) => ({ rpc, chainId, allowOtherChain: true }),
      says: new RegExp(`^installed the genesis of ${chainId}, \\d+ B; ${restart}$`),
    },
    {
      outcome: 'unchanged',
      params: ({ urls: [rpc] }) => ({ rpc, chainId }),
      says: new RegExp(`^the node has this genesis of ${chainId} already, \\d+ B$`),
    },
  ],
  'configure-state-sync': [
    {
      outcome: 'changed',
      params: witnesses,
      says: new RegExp(`^the node trusts height 8000, by 2 witnesses; ${restart}$`),
    },
    {
      outcome: 'unchanged',
      params: witnesses,
      says: /^the node trusts height 8000, by 2 witnesses, as the file says already$/,
    },
  ],
  'discover-peers': [
    { outcome: 'changed', params: peers, says: new RegExp(`^1 peer; ${restart}$`) },
    { outcome: 'unchanged', params: peers, says: /^1 peer; all are in the file already$/ },
  ],
  'snapshot-upload': [
    { outcome: 'skipped', params: store('words'), says: /^nothing uploaded: 0 snapshots on disk, 2 are needed/ },
    {
      outcome: 'changed',
      given: writeSnapshots,
      params: store('words', { includeMetadata: false }),
      says: /^uploaded height 200, \d[\d.]* [kM]?B$/,
    },
    {
      outcome: 'unchanged',
      params: store('words', { includeMetadata: false }),
      says: /^snapshot 200, the newest that is complete, is uploaded already/,
    },
  ],
  'snapshot-restore': [
    {
      outcome: 'changed',
      given: async (home) => {
        await writeSnapshots(home);
        await runUpload(home, store('restored', { includeMetadata: false })());
      },
      params: store('restored', { chainId }),
      says: /^restored height 200, \d[\d.]* [kM]?B$/,
    },
    {
      outcome: 'unchanged',
      params: store('restored', { chainId }),
      says: /^height 200 was restored before and is there, \d[\d.]* [kM]?B$/,
    },
  ],
  'result-export': [
    {
      outcome: 'skipped',
      params: store('results', { startHeight: 20_000 }),
      says: /^nothing exported: the node is at height 10000, and the first to export is 20000: wait/,
    },
    {
      outcome: 'changed',
      params: store('results', { startHeight: 9_991, pageSize: 10 }),
      says: /^exported 10 blocks up to 10000 in 1 page, \d[\d.]* k?B$/,
    },
    {
      outcome: 'unchanged',
      params: store('results', { startHeight: 9_991, pageSize: 10 }),
      says: /^every block up to 10000, the newest of the node, is exported$/,
    },
  ],
};

const genesis = (appState: object): object => ({
  genesis_time: '2026-01-01T00:00:00Z',
  chain_id: chainId,
  app_state: appState,
});

const hash = 'A'.repeat(64);

/** What a node of CometBFT at height 10,000 answers. */
const answer = (id: string, path: string, height: string | null): object => {
  switch (path) {
    case '/status':
      return {
        node_info: { id: id.repeat(40), network: chainId },
        sync_info: { latest_block_height: '10000', earliest_block_height: '1' },
      };
    case '/genesis_chunked':
      return {
        chunk: '0',
        total: '1',
        data: Buffer.from(JSON.stringify(genesis({ some: 'thing' }))).toString('base64'),
      };
    case '/block_results':
      return { height, txs_results: null };
    default:
      return {
        signed_header: {
          header: { height, chain_id: chainId, time: new Date().toISOString() },
          commit: { height, block_id: { hash } },
        },
      };
  }
};

const respond =
  (id: string): Respond =>
  ({ url = '' }, response) => {
    const { pathname, searchParams } = new URL(url, 'http://node');
    sendJson(response, { jsonrpc: '2.0', id: -1, result: answer(id, pathname, searchParams.get('height')) });
  };

const startNodes = async (t: TestContext): Promise<Places> => {
  const port = await startHostServers(t, { [first]: respond('1'), [second]: respond('2') });
  return { urls: [`http://${first}:${port}`, `http://${second}:${port}`] };
};

const makeHome = async (t: TestContext): Promise<NodeHome> => {
  const home = await makeSeiHome(t);
  await writeFile(join(home.config, 'genesis.json'), JSON.stringify(genesis({})));
  return home;
};

/** A text for people: bounded, with no time of milliseconds and no value of a key that is not public. */
const assertInWords = ({ message = '' }: TaskReport): void => {
  assert.ok(message.length <= maxMessageCharacters, `${message.length} characters`);
  assert.doesNotMatch(message, /T\d\d:\d\d:\d\d|undefined|NaN|secret\.example|[\r\n]/);
};

for (const type of taskTypes) {
  test(`${type} says in words what came of it`, { timeout: 120_000 }, async (t) => {
    const places = await startNodes(t);
    const home = await makeHome(t);
    const egress = createEgress({ nodeRPC: 'http://127.0.0.1:1', allowHosts: [first, second, '127.0.0.1'] });
    t.after(() => egress.close());
    const handlers = createHandlers({
      home: home.root,
      stateFolder: join(home.root, '.nodetask'),
      // The node of a snapshot-restore does not run; an export reads the one that does.
      nodeRPC: type === 'result-export' ? places.urls[0] : 'http://127.0.0.1:1',
      egress,
      clock: systemClock,
      hostname: 'node',
      cpus: 2,
    });
    const handler = handlers[type] as TaskHandler<TaskParams[typeof type]>;
    for (const { outcome, says, params, given } of table[type]) {
      await given?.(home);
      const report = await runTask(type, handler, params?.(places) ?? {});
      assert.equal(report.outcome, outcome, report.message);
      assert.match(report.message, says);
      assertInWords(report);
    }
  });
}
