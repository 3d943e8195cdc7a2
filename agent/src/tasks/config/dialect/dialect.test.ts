import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test, type TestContext } from 'node:test';
import { systemClock } from '@nodetask/runtime';
import type { Clock, Dialect, TaskType } from '@nodetask/shared';
import { parse } from 'smol-toml';
import type { TaskHandler } from '../../../engine/task-handler.ts';
import type { DocumentTable } from '../../../node/document-value.ts';
import { createEgress } from '../../../node/testing/loopback-egress.ts';
import type { NodeHome } from '../../../node/node-home.ts';
import { createRpcClient } from '../../../node/rpc-client.ts';
import { sendJson, startServer } from '../../../node/testing/http-server.ts';
import { makeTempHome } from '../../../node/testing/temp-home.ts';
import { createHandlers } from '../../handlers.ts';
import { runTask } from '../../testing/run-task.ts';
import { cometBFTConfig, makeSeiHome, readConfigFile } from '../../testing/sei-home.ts';
import { placesOf, registry } from '../registry.ts';
import { sdkAppKeys, seiAppKeys } from './app-keys.ts';
import { createAskDialect, dialectOfVersion } from './ask-dialect.ts';
import { cometBFTKeys } from './cometbft-keys.ts';
import { evidenceInApp, evidenceInConfig, judge } from './evidence.ts';
import { seiKeys } from './sei-keys.ts';
import { spellForNode } from './spell-key.ts';
import { cometBFTGenesis } from '../../testing/cometbft-home.ts';

/** Keys that both kinds of node have. */
const bare = `moniker = "node"

[rpc]
laddr = "tcp://10.0.0.9:26657"

[p2p]
laddr = "tcp://10.0.0.9:26656"
`;

/** A CometBFT node's config.toml that only holds what differs from the defaults, and no key of the registry that has a dash or an underscore. */
const sparse = `${bare}
[consensus]
timeout_commit = "5s"
`;

const table = (text: string): DocumentTable => parse(text, { integersAsBigInt: true });

/** A file with one key. */
const withKey = (dotted: string): DocumentTable =>
  dotted.split('.').reduceRight<DocumentTable | string>((inner, key) => ({ [key]: inner }), 'x') as DocumentTable;

const spelled = (path: string, dialect?: Dialect): string | undefined => spellForNode(path.split('.'), dialect);

describe('whose node reads a config.toml', () => {
  test('each key that only CometBFT reads tells it alone, and no such key is one of Sei', () => {
    for (const key of cometBFTKeys()) {
      assert.deepEqual(judge(evidenceInConfig(withKey(key))), { kind: 'clear', dialect: 'cometbft' }, key);
      assert.ok(!seiKeys().has(key), key);
    }
  });

  test('each key of the registry with a dash tells Sei alone, but for those that CometBFT spells the same', () => {
    const paths = [...registry().values()]
      .flatMap(placesOf)
      .filter(({ file, path }) => file === 'config.toml' && path.join().includes('-'))
      .map(({ path }) => path.join('.'));
    assert.ok(paths.length > 80);
    const silent = paths.filter((path) => judge(evidenceInConfig(withKey(path))).kind === 'none');
    assert.deepEqual(silent.toSorted(), [
      'mempool.keep-invalid-txs-in-cache',
      'mempool.ttl-duration',
      'mempool.ttl-num-blocks',
    ]);
    for (const path of paths.filter((one) => !silent.includes(one)))
      assert.deepEqual(judge(evidenceInConfig(withKey(path))), { kind: 'clear', dialect: 'sei' }, path);
  });

  test('case does not matter, as it does not for the node', () => {
    assert.deepEqual(judge(evidenceInConfig(table('[P2P]\nPersistent_Peers = ""'))), {
      kind: 'clear',
      dialect: 'cometbft',
    });
  });

  test('one key of the other kind among many is a mistake, and one among three is a contradiction', () => {
    const many = cometBFTConfig.replace('[p2p]', '[p2p]\npersistent-peers = ""');
    assert.deepEqual(judge(evidenceInConfig(table(many))), { kind: 'clear', dialect: 'cometbft' });
    const few = '[p2p]\npersistent_peers = ""\nsend_rate = 1\nrecv_rate = 1\nallow-duplicate-ip = true';
    assert.deepEqual(judge(evidenceInConfig(table(few))), { kind: 'contradiction' });
  });

  test('app.toml tells it by what only one fork of the SDK has, not by sections that other chains have too', () => {
    for (const key of ['state-commit.sc-enable', 'state-store', 'giga_executor', 'evm.http_port', 'occ-enabled'])
      assert.equal(evidenceInApp(withKey(key)).sei.length > 0, true, key);
    for (const key of ['query-gas-limit', 'app-db-backend', 'mempool.max-txs'])
      assert.deepEqual(judge(evidenceInApp(withKey(key))), { kind: 'clear', dialect: 'cometbft' }, key);
    for (const key of ['evm.tracer', 'wasm.query_gas_limit', 'pruning-keep-recent', 'state-sync.snapshot-interval'])
      assert.deepEqual(judge(evidenceInApp(withKey(key))), { kind: 'none' }, key);
    for (const key of sdkAppKeys) assert.ok(!seiAppKeys().has(key), key);
  });

  test('the version of a running node tells it: Sei goes on from Tendermint 0.35', () => {
    const dialects = ['0.35.0-unreleased', '0.34.27', '0.38.26', '0.40.0', '1.0.1', '0.33.9', 'main'].map(
      dialectOfVersion,
    );
    assert.deepEqual(dialects, ['sei', 'cometbft', 'cometbft', 'cometbft', 'cometbft', undefined, undefined]);
  });

  test('a new key is spelled as its node reads it', () => {
    assert.equal(spelled('p2p.persistent-peers', 'cometbft'), 'persistent_peers');
    assert.equal(spelled('p2p.persistent_peers', 'sei'), 'persistent-peers');
    assert.equal(spelled('tx-index', 'cometbft'), 'tx_index');
    assert.equal(spelled('tx_index.psql_conn', 'cometbft'), 'psql-conn');
    // Keys that one kind of node has, and keys that nobody knows.
    assert.equal(spelled('consensus.timeout-commit'), 'timeout_commit');
    assert.equal(spelled('statesync.use_local_snapshot'), 'use-local-snapshot');
    assert.equal(spelled('mempool.ttl_duration'), 'ttl-duration');
    assert.equal(spelled('p2p.my_own-key'), undefined);
    assert.throws(() => spelled('p2p.persistent-peers'), { code: 'dialect-unknown', message: /set dialect/ });
  });
});

/** A home with these files, and its tasks; `version` is what its node answers, if it runs. */
const setUp = async (
  t: TestContext,
  files: Readonly<Partial<Record<'config.toml' | 'app.toml', string>>>,
  version?: string,
): Promise<{
  readonly home: NodeHome;
  readonly run: (type: TaskType, params: object) => Promise<{ readonly outcome: string }>;
}> => {
  const home = await makeTempHome(t);
  for (const [name, text] of Object.entries(files)) await writeFile(join(home.config, name), text);
  const nodeRPC = version === undefined ? 'http://127.0.0.1:1' : await startNode(t, version);
  const egress = createEgress({ nodeRPC });
  t.after(() => egress.close());
  const handlers = createHandlers({
    home: home.root,
    stateFolder: join(home.root, 'state'),
    nodeRPC,
    egress,
    clock: systemClock,
    hostname: 'test-host',
    cpus: 2,
  });
  return { home, run: (type, params) => runTask(type, handlers[type] as TaskHandler<never>, params) };
};

const startNode = async (t: TestContext, version: string): Promise<string> => {
  const { url } = await startServer(t, (_, response) => {
    sendJson(response, { jsonrpc: '2.0', result: { node_info: { version } } });
  });
  return url;
};

const peer = `${'0'.repeat(40)}@10.0.0.1:26656`;
const discoverPeers = { sources: [{ type: 'static', addresses: [peer] }] };

/** Each task type whose work depends on the dialect, with params that make it depend on it. */
const dependent: readonly (readonly [TaskType, object])[] = [
  ['discover-peers', discoverPeers],
  ['configure-state-sync', { rpcServers: ['http://a:1', 'http://b:1'] }],
  ['config-apply', { incremental: true, overrides: { 'mempool.size': '1' } }],
  ['config-apply', { mode: 'full' }],
  ['config-validate', {}],
  ['config-reload', { fields: { 'logging.level': 'debug' } }],
  ['config-patch', { files: { 'config.toml': { p2p: { 'persistent-peers': peer } } } }],
];

describe('tasks on a config.toml that does not tell whose it is', () => {
  for (const [type, params] of dependent) {
    test(`${type} ${JSON.stringify(params).slice(0, 60)} refuses, names the parameter, and changes nothing`, async (t) => {
      const { home, run } = await setUp(t, { 'config.toml': bare, 'app.toml': 'pruning = "default"\n' });
      await assert.rejects(run(type, params), { code: 'dialect-unknown', message: /nothing was changed: set dialect/ });
      assert.equal(await readConfigFile(home, 'config.toml'), bare);
    });
  }

  test('keys that contradict each other are refused by two of them, and the parameter decides', async (t) => {
    const damaged = sparse.replace('[p2p]', '[p2p]\npersistent-peers = ""');
    const { home, run } = await setUp(t, { 'config.toml': damaged });
    await assert.rejects(run('discover-peers', discoverPeers), {
      code: 'dialect-unknown',
      message: /has p2p\.persistent-peers, .* and consensus\.timeout_commit, /,
    });
    assert.equal(await readConfigFile(home, 'config.toml'), damaged);
    await run('discover-peers', { ...discoverPeers, dialect: 'cometbft' });
    assert.match(await readConfigFile(home, 'config.toml'), /^persistent_peers = "0/m);
  });

  test('the parameter decides where nothing tells', async (t) => {
    for (const [dialect, key] of [
      ['cometbft', /^persistent_peers = "0/m],
      ['sei', /^persistent-peers = "0/m],
    ] as const) {
      const { home, run } = await setUp(t, { 'config.toml': bare });
      await run('discover-peers', { ...discoverPeers, dialect });
      assert.match(await readConfigFile(home, 'config.toml'), key);
      const patched = await setUp(t, { 'config.toml': bare });
      const files = { 'config.toml': { p2p: { 'persistent-peers': peer } } };
      await patched.run('config-patch', { files, dialect });
      assert.match(await readConfigFile(patched.home, 'config.toml'), key);
    }
  });

  test('a parameter that the files or the node contradict is refused', async (t) => {
    const cases = [
      [{ 'config.toml': sparse }, 'sei', undefined, /config\.toml has consensus\.timeout_commit/],
      [{ 'config.toml': bare, 'app.toml': 'occ-enabled = true\n' }, 'cometbft', undefined, /app\.toml has occ-enabled/],
      [{ 'config.toml': bare }, 'cometbft', '0.35.0-unreleased', /version is 0\.35\.0-unreleased/],
    ] as const;
    for (const [files, dialect, version, message] of cases) {
      const { home, run } = await setUp(t, files, version);
      await assert.rejects(run('discover-peers', { ...discoverPeers, dialect }), { code: 'dialect-mismatch', message });
      assert.equal(await readConfigFile(home, 'config.toml'), files['config.toml']);
    }
  });
});

describe('tasks on a sparse config.toml', () => {
  test('a key that the registry does not know tells that it is of CometBFT', async (t) => {
    const { home, run } = await setUp(t, { 'config.toml': sparse });
    await run('discover-peers', discoverPeers);
    assert.match(await readConfigFile(home, 'config.toml'), /^persistent_peers = "0/m);
    // Sei's rules do not count there.
    await writeFile(join(home.config, 'genesis.json'), cometBFTGenesis);
    await run('config-validate', {});
    await assert.rejects(run('configure-state-sync', { backfillBlocks: 1 }), { code: 'invalid-params' });
  });

  test('app.toml tells it', async (t) => {
    for (const [app, key] of [
      ['query-gas-limit = "0"\n', /^persistent_peers/m],
      ['[state-commit]\nsc-enable = true\n', /^persistent-peers/m],
    ] as const) {
      const { home, run } = await setUp(t, { 'config.toml': bare, 'app.toml': app });
      await run('discover-peers', discoverPeers);
      assert.match(await readConfigFile(home, 'config.toml'), key);
    }
  });

  test('the running node tells it', async (t) => {
    for (const [version, key] of [
      ['0.38.26', /^persistent_peers/m],
      ['0.35.0-unreleased', /^persistent-peers/m],
    ] as const) {
      const { home, run } = await setUp(t, { 'config.toml': bare }, version);
      await run('discover-peers', discoverPeers);
      assert.match(await readConfigFile(home, 'config.toml'), key);
    }
  });

  test('a node that accepts and does not answer is waited for no longer than the time of a call', async (t) => {
    const { url } = await startServer(t, () => undefined);
    const egress = createEgress({ nodeRPC: url });
    t.after(() => egress.close());
    let waitedMs = 0;
    const clock: Clock = {
      ...systemClock,
      setTimer: (delayMs, callback) => {
        waitedMs = delayMs;
        return systemClock.setTimer(1, callback);
      },
    };
    const ask = createAskDialect(createRpcClient(egress, clock), url);
    assert.equal(await ask(new AbortController().signal), undefined);
    assert.equal(waitedMs, 5_000);
  });

  test('config-patch writes a new key as the node reads it, and says so', async (t) => {
    const { home, run } = await setUp(t, { 'config.toml': sparse });
    const files = { 'config.toml': { p2p: { 'persistent-peers': peer }, statesync: { 'rpc-servers': 'a,b' } } };
    const report = (await run('config-patch', { files })) as { output?: { respelled?: object } };
    assert.match(await readConfigFile(home, 'config.toml'), /^persistent_peers = "0/m);
    assert.match(await readConfigFile(home, 'config.toml'), /^rpc_servers = "a,b"/m);
    assert.deepEqual(report.output?.respelled, {
      'config.toml': {
        'p2p.persistent-peers': 'p2p.persistent_peers',
        'statesync.rpc-servers': 'statesync.rpc_servers',
      },
    });
    // A key that the file has is found by either spelling, as before.
    assert.equal((await run('config-patch', { files })).outcome, 'unchanged');
  });
});

describe('a home without config.toml', () => {
  test('config-apply writes the files of Sei, as before', async (t) => {
    const { home, run } = await setUp(t, {});
    await run('config-apply', { mode: 'full' });
    assert.match(await readConfigFile(home, 'config.toml'), /^persistent-peers = ""/m);
  });

  test('config-apply does not write them for a node that is not Sei', async (t) => {
    for (const [files, params] of [
      [{}, { dialect: 'cometbft' }],
      [{ 'app.toml': 'query-gas-limit = "0"\n' }, {}],
    ] as const) {
      const { home, run } = await setUp(t, files);
      await assert.rejects(run('config-apply', { mode: 'full', ...params }), {
        code: 'file-missing',
        message: /the node's own init/,
      });
      await assert.rejects(readFile(join(home.config, 'config.toml')), { code: 'ENOENT' });
    }
  });

  test('the complete files of each mode are told to be of Sei', async (t) => {
    for (const mode of ['validator', 'full', 'seed', 'archive'] as const) {
      const home = await makeSeiHome(t, mode);
      const evidence = evidenceInConfig(table(await readConfigFile(home, 'config.toml')));
      assert.deepEqual([evidence.cometbft, evidence.sei.length > 80], [[], true], mode);
    }
  });
});
