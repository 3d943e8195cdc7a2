import assert from 'node:assert/strict';
import { mkdir, readdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test, type TestContext } from 'node:test';
import { systemClock } from '@nodetask/runtime';
import { taskParams } from '@nodetask/shared';
import { parse } from 'smol-toml';
import type { TaskReport } from '../../engine/task-handler.ts';
import { createEgress } from '../../node/testing/loopback-egress.ts';
import { nodeHome, type NodeHome } from '../../node/node-home.ts';
import { createRpcClient } from '../../node/rpc-client.ts';
import { snapshotHeightFile } from '../../node/snapshot-height.ts';
import { hostileAnswers } from '../../node/testing/hostile-answers.ts';
import { type Respond, startHostServers } from '../../node/testing/host-servers.ts';
import { sendJson, startServer } from '../../node/testing/http-server.ts';
import { writeHeights, writeListedHeights, writeStore } from '../../../test/support/metadata-store.ts';
import { loopbackEgress } from '../../../test/support/object-store.ts';
import { makeServerCertificate } from '../../../test/support/tls/server-certificate.ts';
import { makeTempHome } from '../../node/testing/temp-home.ts';
import { runTask, type RunOptions } from '../testing/run-task.ts';
import { cometBFTConfig, makeSeiHome, readConfigFile, rewrite } from '../testing/sei-home.ts';
import { configureStateSync, type ConfigureStateSyncOptions } from './configure-state-sync.ts';

interface NodeOptions {
  readonly id: string;
  readonly tip?: number;
  readonly earliest?: number;
  readonly chainId?: string;
  readonly enveloped?: boolean;
  /** The hash at a height. */
  readonly hash?: (height: number) => unknown;
  /** Age of every block. */
  readonly ageMs?: number;
  /** What to change in the answer to /commit. */
  readonly header?: object;
}

const snapshotsOf = (home: NodeHome): string => join(home.data, 'snapshots');
const hashAt = (height: number): string => height.toString(16).toUpperCase().padStart(64, 'A');
const lies = (height: number): string => hashAt(height + 1);

/** A node of a chain, as its RPC shows it. */
const node =
  ({
    id,
    tip = 10_000,
    earliest = 1,
    chainId = 'sei-1',
    enveloped = false,
    hash = hashAt,
    ageMs = 60_000,
    header,
  }: NodeOptions): Respond =>
  ({ url = '' }, response) => {
    const { pathname, searchParams } = new URL(url, 'http://node');
    const height = searchParams.get('height');
    const result =
      pathname === '/status'
        ? {
            node_info: { id: id.repeat(40), network: chainId },
            sync_info: { latest_block_height: String(tip), earliest_block_height: String(earliest) },
          }
        : {
            signed_header: {
              header: { height, chain_id: chainId, time: new Date(Date.now() - ageMs).toISOString(), ...header },
              commit: { height, block_id: { hash: hash(Number(height)) } },
            },
          };
    sendJson(response, enveloped ? { jsonrpc: '2.0', id: -1, result } : result);
  };

/** Behind a gateway that serves the RPC below /rpc/. */
const strip =
  (respond: Respond): Respond =>
  (request, response) => {
    assert.match(request.url ?? '', /^\/rpc\//);
    request.url = request.url?.slice('/rpc'.length) ?? '';
    respond(request, response);
  };

interface SetUp {
  readonly home: NodeHome;
  readonly servers: readonly string[];
  readonly run: (params?: object, options?: RunOptions) => Promise<TaskReport>;
  readonly section: () => Promise<Readonly<Record<string, unknown>>>;
}

const setUp = async (
  t: TestContext,
  hosts: Readonly<Record<string, Respond>>,
  { flavour = 'sei', ...options }: Partial<ConfigureStateSyncOptions> & { readonly flavour?: 'sei' | 'cometbft' } = {},
): Promise<SetUp> => {
  const home = flavour === 'sei' ? await makeSeiHome(t) : await makeTempHome(t);
  if (flavour === 'cometbft') await writeFile(join(home.config, 'config.toml'), cometBFTConfig);
  const port = await startHostServers(t, hosts);
  const egress = createEgress({ nodeRPC: 'http://127.0.0.1:1', allowHosts: Object.keys(hosts) });
  t.after(() => egress.close());
  const rpc = createRpcClient(egress, systemClock);
  const handler = configureStateSync({ home, egress, rpc, clock: systemClock, timeoutMs: 1_000, ...options });
  const servers = Object.keys(hosts).map((host) => `http://${host}:${port}`);
  return {
    home,
    servers,
    run: (params, runOptions) =>
      runTask('configure-state-sync', handler, { rpcServers: servers, ...params }, runOptions),
    section: async () => {
      const file = parse(await readConfigFile(home, 'config.toml')) as Record<string, Record<string, unknown>>;
      return file['statesync'] ?? {};
    },
  };
};

const [a, b, c] = ['127.21.0.1', '127.21.0.2', '127.21.0.3'] as const;

const whys = (report: TaskReport): readonly string[] =>
  ((report.output?.['dropped'] ?? []) as { why: string }[]).map(({ why }) => why);

describe('configure-state-sync', () => {
  test('writes the section in the spelling of Sei, then finds nothing to do', async (t) => {
    const hosts = { [a]: node({ id: '1', tip: 10_000 }), [b]: node({ id: '2', tip: 9_999, enveloped: true }) };
    const { run, section, servers, home } = await setUp(t, hosts);
    const before = await readConfigFile(home, 'config.toml');
    const output = {
      chainId: 'sei-1',
      chainVerified: 'genesis-missing',
      trustHeight: 7_999,
      trustHash: hashAt(7_999),
      witnesses: servers,
      dropped: [],
    };
    const params = { trustPeriod: '100h0m0s', backfillBlocks: 17 };
    const changes = [
      { file: 'config.toml', key: 'statesync.enable', from: false, to: true },
      { file: 'config.toml', key: 'statesync.rpc-servers', from: '(hidden)', to: '(hidden)' },
      { file: 'config.toml', key: 'statesync.trust-height', from: 0, to: 7_999 },
      { file: 'config.toml', key: 'statesync.trust-hash', from: '', to: hashAt(7_999) },
      { file: 'config.toml', key: 'statesync.trust-period', from: '168h0m0s', to: '100h0m0s' },
      { file: 'config.toml', key: 'statesync.backfill-blocks', from: 0, to: 17 },
    ];
    assert.deepEqual(await run(params), {
      outcome: 'changed',
      message: 'the node trusts height 7999, by 2 witnesses; takes effect when the node restarts',
      numbers: { height: 7999 },
      output: { ...output, changes },
    });
    const written = await section();
    assert.deepEqual(
      [
        'enable',
        'rpc-servers',
        'trust-height',
        'trust-hash',
        'trust-period',
        'backfill-blocks',
        'use-local-snapshot',
      ].map((key) => written[key]),
      [true, servers.join(','), 7_999, hashAt(7_999), '100h0m0s', 17, false],
    );
    const after = await readConfigFile(home, 'config.toml');
    const differing = after.split('\n').filter((line, index) => line !== before.split('\n')[index]);
    assert.equal(differing.length, 6, differing.join('\n'));
    assert.equal(after.split('\n').length, before.split('\n').length);
    assert.deepEqual(await readdir(home.config), ['app.toml', 'config.toml']);
    const reason = 'already-as-wanted';
    assert.deepEqual(await run(params), {
      outcome: 'unchanged',
      reason,
      message: 'the node trusts height 7999, by 2 witnesses, as the file says already',
      numbers: { height: 7999 },
      output: { reason, ...output, changes: [] },
    });
    assert.equal(await readConfigFile(home, 'config.toml'), after);
  });

  test('a node that has state since seictl configured it is left as it is, until its data is emptied', async (t) => {
    const { run, home, section } = await setUp(t, { [a]: node({ id: '1' }), [b]: node({ id: '2' }) });
    await writeFile(join(home.root, '.sei-sidecar-statesync-done'), '');
    await mkdir(join(home.data, 'state.db'), { recursive: true });
    const before = await readConfigFile(home, 'config.toml');
    const { outcome, reason, message } = await run({});
    assert.deepEqual([outcome, reason], ['unchanged', 'done-by-seictl']);
    assert.match(message ?? '', /empty its data folder first/);
    assert.equal(await readConfigFile(home, 'config.toml'), before);
    await rm(join(home.data, 'state.db'), { recursive: true });
    assert.equal((await run({})).outcome, 'changed');
    assert.equal((await section())['enable'], true);
  });

  test('an offset that is given moves a trust point that the file has; without it the point stays', async (t) => {
    const hosts = { [a]: node({ id: '1', tip: 10_000 }), [b]: node({ id: '2', tip: 10_000 }) };
    const { run } = await setUp(t, hosts);
    const heightOf = async (params: object): Promise<unknown> => (await run(params)).output?.['trustHeight'];
    assert.equal(await heightOf({ trustHeightOffset: 5_000 }), 5_000);
    assert.equal(await heightOf({}), 5_000);
    assert.equal(await heightOf({ trustHeightOffset: 100 }), 9_900);
    // The tip moves: a point that is about there stays, so that a second run changes nothing.
    assert.equal(await heightOf({ trustHeightOffset: 600 }), 9_900);
  });

  test('writes the keys of CometBFT and refuses what it does not have', async (t) => {
    const hosts = { [a]: node({ id: '1' }), [b]: node({ id: '2' }) };
    const { run, section, servers, home } = await setUp(t, hosts, { flavour: 'cometbft' });
    await mkdir(join(home.data, 'snapshots', '9000'), { recursive: true });
    for (const params of [{ useLocalSnapshot: true }, { backfillBlocks: 5 }]) {
      await assert.rejects(run(params), { code: 'invalid-params', message: /statesync\.(?:use-local|backfill)/ });
    }
    assert.equal((await run({ trustHeightOffset: 10, backfillBlocks: 0 })).outcome, 'changed');
    assert.deepEqual(
      { ...(await section()) },
      {
        enable: true,
        rpc_servers: servers.join(','),
        trust_height: 9_990,
        trust_hash: hashAt(9_990),
        trust_period: '168h0m0s',
      },
    );
  });

  test('makes the section where there is none', async (t) => {
    const { run, section, home } = await setUp(t, { [a]: node({ id: '1' }), [b]: node({ id: '2' }) });
    await writeFile(join(home.config, 'config.toml'), 'moniker = "x"\n\n[p2p]\npersistent-peers = ""\n');
    await run();
    assert.equal((await section())['trust-height'], 8_000);
    assert.equal((await run()).outcome, 'unchanged');
  });

  test('keeps a trust point while all witnesses confirm it, and takes a new one where they do not or it grows old', async (t) => {
    let tip = 10_000;
    let ageMs = 60_000;
    let hash: (height: number) => unknown = hashAt;
    const growing =
      (id: string): Respond =>
      (request, response) => {
        node({ id, tip, ageMs, hash })(request, response);
      };
    const { run, section } = await setUp(t, { [a]: growing('1'), [b]: growing('2') });
    const trustHeight = async (): Promise<unknown> => (await section())['trust-height'];
    await run();
    tip = 20_000;
    assert.equal((await run()).outcome, 'unchanged');
    assert.equal(await trustHeight(), 8_000);
    // More than half of the 168 h of the file.
    ageMs = 85 * 3_600_000;
    assert.equal((await run()).outcome, 'changed');
    assert.equal(await trustHeight(), 18_000);
    // Another chain of the same name: the old point is no longer theirs.
    hash = lies;
    tip = 30_000;
    ageMs = 0;
    assert.equal((await run()).outcome, 'changed');
    assert.equal(await trustHeight(), 28_000);
  });

  test('two witnesses that disagree are an error that names both and changes nothing', async (t) => {
    const hosts = { [a]: node({ id: '1' }), [b]: node({ id: '2' }), [c]: node({ id: '3', hash: lies }) };
    const { run, home, servers } = await setUp(t, hosts);
    const before = await readConfigFile(home, 'config.toml');
    await assert.rejects(run(), (error: Error & { code?: string; output?: object }) => {
      assert.equal(error.code, 'witness-disagreement');
      for (const part of [servers[0], servers[2], hashAt(8_000), hashAt(8_001), '8000']) {
        assert.ok(error.message.includes(String(part)), error.message);
      }
      assert.equal(Object.keys((error.output as { hashes: object }).hashes).length, 3);
      return true;
    });
    assert.equal(await readConfigFile(home, 'config.toml'), before);
  });

  test('drops what cannot vouch: pruned, the same node, this node, another chain, none at that height', async (t) => {
    const ownKey = Buffer.alloc(64, 9).toString('base64');
    const hosts = {
      [a]: node({ id: '1' }),
      [b]: node({ id: '2' }),
      [c]: node({ id: '3', earliest: 8_001 }),
      '127.21.0.4': node({ id: '1' }),
      '127.21.0.5': node({ id: '5', chainId: 'evil-1' }),
      '127.21.0.6': node({ id: '6', header: { height: '7' } }),
      '127.21.0.7': node({ id: '7', hash: () => 'short' }),
      '127.21.0.8': node({ id: '8', header: { chain_id: 'evil-1' } }),
      '127.21.0.9': node({ id: '9', header: { time: null } }),
    };
    const { run, home, servers } = await setUp(t, hosts);
    await writeFile(
      join(home.config, 'node_key.json'),
      JSON.stringify({ priv_key: { type: 'tendermint/PrivKeyEd25519', value: ownKey } }),
    );
    await writeFile(
      join(home.config, 'genesis.json'),
      '{"genesis_time":"2026-01-01T00:00:00Z","chain_id":"sei-1","app_state":{}}',
    );
    const report = await run();
    assert.deepEqual(report.output?.['witnesses'], servers.slice(0, 2));
    assert.equal(report.output['chainVerified'], 'verified');
    const all = whys(report).join('\n');
    for (const why of [
      /the same node as/,
      /chain evil-1; the genesis of this node is of sei-1/,
      /has pruned height 8000: it begins at 8001/,
      /header\.height "7"/,
      /block_id\.hash "short"/,
      /header\.chain_id "evil-1"/,
      /header\.time null/,
    ]) {
      assert.match(all, why);
    }
    assert.equal(whys(report).length, 7);
  });

  test('fewer than two is a failure that says why, for each', async (t) => {
    const { run, home, servers } = await setUp(t, { [a]: node({ id: '1' }), [b]: node({ id: '1' }) });
    const before = await readConfigFile(home, 'config.toml');
    await assert.rejects(run(), {
      code: 'too-few-witnesses',
      message: new RegExp(`there is 1; nothing was changed: ${servers[1]}: it is the same node as ${servers[0]}`),
    });
    assert.equal(await readConfigFile(home, 'config.toml'), before);
  });

  test('one witness is enough if the params say so, is written twice, and comes with a warning', async (t) => {
    const hosts = { [a]: node({ id: '1' }), [b]: node({ id: '1' }) };
    const { run, section, servers } = await setUp(t, hosts);
    const [server = ''] = servers;
    const message = new RegExp(`there is 1; .*allowSingleWitness: true`);
    await assert.rejects(run(), { code: 'too-few-witnesses', message });
    const params = { rpcServers: [server.replace('http://', '')], allowSingleWitness: true };
    const report = await run(params);
    assert.deepEqual([report.outcome, report.output?.['witnesses']], ['changed', [server]]);
    assert.equal((await section())['rpc-servers'], `${server},${server}`);
    assert.match(String(report.warnings), /^only http:\/\/127\.21\.0\.1:\d+ vouches for the trust point, and no other/);
    const again = await run(params);
    assert.deepEqual([again.outcome, again.warnings], ['unchanged', report.warnings]);
    // The usual script gives the same address twice; so does one node under two addresses.
    assert.deepEqual((await run({ ...params, rpcServers: [server, server] })).warnings, report.warnings);
    assert.deepEqual((await run({ ...params, rpcServers: servers })).warnings, report.warnings);
  });

  test('with allowSingleWitness two witnesses still have to agree, and none is a failure', async (t) => {
    const hosts = { [a]: node({ id: '1' }), [b]: node({ id: '2', hash: lies }), [c]: node({ id: '3' }) };
    const { run, servers, section } = await setUp(t, hosts);
    const allowSingleWitness = true;
    await assert.rejects(run({ allowSingleWitness }), { code: 'witness-disagreement' });
    await assert.rejects(run({ allowSingleWitness, rpcServers: [`${c}:1`] }), {
      code: 'too-few-witnesses',
      message: /^one witness is needed, and there are none; nothing was changed: http:\/\/127\.21\.0\.3:1: /,
    });
    const both = [servers[0], servers[2]];
    const report = await run({ allowSingleWitness, rpcServers: both });
    assert.deepEqual([report.warnings, (await section())['rpc-servers']], [undefined, both.join(',')]);
  });

  test('takes witnesses as upstream writes them, and each node once', async (t) => {
    const { run, section, servers } = await setUp(t, { [a]: node({ id: '1' }), [b]: node({ id: '2' }) });
    const [first = '', second = ''] = servers.map((server) => server.replace('http://', ''));
    const report = await run({ rpcServers: [first, `tcp://${second}`, servers[0], `tcp://${first}/`] });
    assert.deepEqual([report.output?.['witnesses'], report.output?.['dropped']], [servers, []]);
    assert.equal((await section())['rpc-servers'], servers.join(','));
  });

  test('asks the hosts of the persistent peers, and says so where there is none', async (t) => {
    const { run, home } = await setUp(t, { [a]: node({ id: '1' }) });
    await assert.rejects(run({ rpcServers: undefined }), {
      code: 'too-few-witnesses',
      message: /run discover-peers first/,
    });
    const peers = `${'1'.repeat(40)}@127.21.0.8:26656,nonsense,${'2'.repeat(40)}@127.21.0.9:1`;
    await rewrite(home, 'config.toml', 'persistent-peers = ""', `persistent-peers = "${peers}"`);
    await assert.rejects(run({ rpcServers: undefined }), {
      code: 'too-few-witnesses',
      message: /nonsense: the entry.*http:\/\/127\.21\.0\.8:26657: .*loopback.*http:\/\/127\.21\.0\.9:26657: /,
    });
  });

  test('a trust height of 1 for a young chain, and a block beyond the trust period is refused', async (t) => {
    const young = {
      [a]: node({ id: '1', tip: 50, ageMs: 7_200_000 }),
      [b]: node({ id: '2', tip: 60, ageMs: 7_200_000 }),
    };
    const { run, home } = await setUp(t, young);
    const before = await readConfigFile(home, 'config.toml');
    await assert.rejects(run({ trustPeriod: '2h' }), { code: 'trust-expired', message: /block 1 is of .*7200 s/ });
    assert.equal(await readConfigFile(home, 'config.toml'), before);
    assert.equal((await run({ trustPeriod: '3h' })).output?.['trustHeight'], 1);
  });

  describe('with useLocalSnapshot', () => {
    const hosts = { [a]: node({ id: '1' }), [b]: node({ id: '2' }), [c]: node({ id: '3', tip: 9_001 }) };
    const params = { useLocalSnapshot: true };

    test('the height is that of the highest snapshot that metadata.db lists', async (t) => {
      const { run, home, section } = await setUp(t, hosts);
      await assert.rejects(run(params), { code: 'snapshot-missing' });
      await writeListedHeights(home, '8000:full,9000:full,9990:partial');
      await writeFile(snapshotHeightFile(home), '8000');
      const highest = await run(params);
      assert.equal(highest.output?.['trustHeight'], 9_000);
      assert.equal(highest.warnings, undefined);
      assert.match(whys(highest).join(), /it is at 9001, not yet at 9002/);
      assert.equal((await section())['use-local-snapshot'], true);
      assert.equal((await run(params)).outcome, 'unchanged');
      assert.deepEqual(await readdir(home.data), ['snapshots']);
    });

    test('another height cannot be asked for as well', async (t) => {
      const { run } = await setUp(t, hosts);
      await assert.rejects(run({ ...params, trustHeightOffset: 10 }), {
        code: 'invalid-params',
        message: /^trustHeightOffset: with useLocalSnapshot/,
      });
    });

    test('a listed snapshot above all others whose chunks are missing is refused and named', async (t) => {
      const { run, home } = await setUp(t, hosts);
      await writeListedHeights(home, '8000:full,9000:gone');
      const before = await readConfigFile(home, 'config.toml');
      await assert.rejects(run(params), {
        code: 'snapshot-incomplete',
        message: /would try snapshot 9000 first.*folder 9000 is missing/,
      });
      assert.equal(await readConfigFile(home, 'config.toml'), before);
    });

    test('a lower one whose chunks are missing does not matter to the node, which never tries it', async (t) => {
      const { run, home } = await setUp(t, hosts);
      await writeListedHeights(home, '8000:gone,9000:full');
      assert.equal((await run(params)).output?.['trustHeight'], 9_000);
    });

    test('a metadata.db that lists nothing is no snapshot', async (t) => {
      const { run, home } = await setUp(t, hosts);
      await writeHeights(home, '8000:full');
      await writeStore(snapshotsOf(home), []);
      await assert.rejects(run(params), { code: 'snapshot-missing', message: /metadata\.db lists none/ });
    });

    test('without a metadata.db it is the restored one, else the highest that is complete, and a warning', async (t) => {
      const { run, home } = await setUp(t, hosts);
      await writeHeights(home, '8000:full,9000:full,9990:empty,09991:full');
      await writeFile(join(snapshotsOf(home), '9992'), 'no folder');
      const highest = await run(params);
      assert.equal(highest.output?.['trustHeight'], 9_000);
      assert.match(String(highest.warnings), /has no metadata\.db, in which a node looks for its snapshots/);
      await writeFile(snapshotHeightFile(home), '8000');
      assert.equal((await run(params)).output?.['trustHeight'], 8_000);
      await writeFile(snapshotHeightFile(home), '9990');
      assert.equal((await run(params)).output?.['trustHeight'], 9_000);
      await writeFile(snapshotHeightFile(home), 'soon');
      await assert.rejects(run(params), { code: 'file-invalid', message: /"soon"/ });
    });

    test('a restore that was committed and not completed is completed first', async (t) => {
      const { run, home } = await setUp(t, hosts);
      await writeListedHeights(home, '8000:full');
      await writeFile(snapshotHeightFile(home), '8000');
      await rename(snapshotsOf(home), join(home.data, 'kept'));
      await writeListedHeights(home, '9000:full');
      await rename(snapshotsOf(home), join(home.data, '.restore-new'));
      await rename(join(home.data, 'kept'), snapshotsOf(home));
      const marker = { version: 1, params: '{}', height: 9_000, key: 'k', bytes: 1, sha256: 'a'.repeat(64) };
      await writeFile(join(home.data, '.restore-commit.json'), JSON.stringify(marker));
      assert.equal((await run(params)).output?.['trustHeight'], 9_000);
      assert.deepEqual(await readdir(snapshotsOf(home)), ['9000', 'metadata.db']);
    });

    test('snapshots outside of the home are refused', async (t) => {
      const { run, home } = await setUp(t, hosts);
      const elsewhere = await setUp(t, hosts);
      await writeListedHeights(elsewhere.home, '9000:full');
      await rm(home.data, { recursive: true, force: true });
      await symlink(elsewhere.home.data, home.data);
      await assert.rejects(run(params), { code: 'file-invalid', message: /is a link to/ });
      await rm(home.data);
      await mkdir(home.data);
      await symlink(snapshotsOf(elsewhere.home), snapshotsOf(home));
      await assert.rejects(run(params), { code: 'file-invalid', message: /which leads to/ });
    });

    test('the lock of the snapshots is held, and only then', () => {
      const handler = configureStateSync({
        home: nodeHome('/nowhere'),
        egress: loopbackEgress(),
        rpc: createRpcClient(loopbackEgress(), systemClock),
        clock: systemClock,
      });
      const locksFor = (given: object) => handler.locks(taskParams['configure-state-sync'].schema.parse(given));
      assert.deepEqual(locksFor(params), ['config', 'data/snapshots']);
      assert.deepEqual(locksFor({}), ['config']);
    });
  });

  test('the local snapshot is looked for where app.toml has the node look', async (t) => {
    const { run, home } = await setUp(t, { [a]: node({ id: '1' }), [b]: node({ id: '2' }) });
    const moved = join(home.root, 'fast', 'snapshots');
    await mkdir(join(home.data, 'snapshots', '9000'), { recursive: true });
    await rewrite(home, 'app.toml', 'snapshot-directory = ""', `snapshot-directory = "${moved}"`);
    await assert.rejects(run({ useLocalSnapshot: true }), {
      code: 'snapshot-missing',
      message: /there is none in \S+\/fast\/snapshots/,
    });
    await mkdir(join(moved, '8000', '1'), { recursive: true });
    await writeFile(join(moved, '8000', '1', '0'), 'a chunk');
    assert.equal((await run({ useLocalSnapshot: true })).output?.['trustHeight'], 8_000);
    const before = await readConfigFile(home, 'config.toml');
    for (const [text, message] of [
      ['snapshot-directory = "/elsewhere/snapshots"', /app\.toml is "\/elsewhere\/snapshots".*--allow-path/],
      ['snapshot-directory = "', /app\.toml:\d+:\d+: /],
    ] as const) {
      await rewrite(home, 'app.toml', `snapshot-directory = "${moved}"`, text);
      await assert.rejects(run({ useLocalSnapshot: true, trustPeriod: '5h' }), { code: 'file-invalid', message });
      await rewrite(home, 'app.toml', text, `snapshot-directory = "${moved}"`);
    }
    assert.equal(await readConfigFile(home, 'config.toml'), before);
  });

  test('a node with its genesis elsewhere asks for witnesses of that chain', async (t) => {
    const hosts = { [a]: node({ id: '1' }), [b]: node({ id: '2' }), [c]: node({ id: '3', chainId: 'evil-1' }) };
    const { run, home } = await setUp(t, hosts);
    await rewrite(home, 'config.toml', '"config/genesis.json"', '"config/sei.json"');
    await writeFile(join(home.config, 'genesis.json'), '{"chain_id":"evil-1","app_state":{}}');
    await writeFile(join(home.config, 'sei.json'), '{"chain_id":"sei-1","app_state":{}}');
    assert.equal((await run()).output?.['chainId'], 'sei-1');
  });

  test('speaks https, keeps the path, and names the port', async (t) => {
    const certificate = await makeServerCertificate();
    const one = await startServer(t, strip(node({ id: '1' })), certificate);
    const two = await startServer(t, strip(node({ id: '2' })), certificate);
    const home = await makeSeiHome(t);
    const egress = createEgress({ nodeRPC: 'http://127.0.0.1:1', allowHosts: ['127.0.0.1'], ca: certificate.ca });
    t.after(() => egress.close());
    const rpc = createRpcClient(egress, systemClock);
    const handler = configureStateSync({ home, egress, rpc, clock: systemClock });
    const { output } = await runTask('configure-state-sync', handler, {
      rpcServers: [`${one.url}/rpc/`, `${two.url}/rpc`],
    });
    assert.deepEqual(output?.['witnesses'], [`${one.url}/rpc`, `${two.url}/rpc`]);
  });

  test('names the default ports, which old versions of CometBFT do not know', async (t) => {
    const { run } = await setUp(t, { [a]: node({ id: '1' }) });
    // Nobody listens there: what matters is how the servers are called.
    await assert.rejects(run({ rpcServers: [`https://${a}`, `http://${a}/x/`] }), {
      code: 'too-few-witnesses',
      message: /https:\/\/127\.21\.0\.1:443: .*http:\/\/127\.21\.0\.1:80\/x: /,
    });
  });

  for (const [what, { respond, why }] of Object.entries(hostileAnswers)) {
    test(`survives a witness that answers with ${what}`, async (t) => {
      const hosts = { [a]: node({ id: '1' }), [b]: node({ id: '2' }), [c]: respond };
      const { run, servers } = await setUp(t, hosts, { timeoutMs: 400 });
      const report = await run();
      assert.deepEqual(report.output?.['witnesses'], servers.slice(0, 2));
      assert.match(whys(report).join(), why);
      assert.equal(whys(report).length, 1);
    });
  }

  test('survives a witness that answers well to /status and badly to /commit', async (t) => {
    const bad: Respond = (request, response) => {
      const { respond } = hostileAnswers['an endless answer'] ?? {};
      if (request.url?.startsWith('/status') === true) node({ id: '3' })(request, response);
      else respond?.(request, response);
    };
    const { run } = await setUp(t, { [a]: node({ id: '1' }), [b]: node({ id: '2' }), [c]: bad });
    assert.match(whys(await run()).join(), /more than 1048576 bytes/);
  });

  test('stops at once when it is cancelled', async (t) => {
    const controller = new AbortController();
    const reason = new Error('cancelled');
    const hosts: Readonly<Record<string, Respond>> = {
      [a]: node({ id: '1' }),
      [b]: () => {
        controller.abort(reason);
      },
    };
    const { run, home } = await setUp(t, hosts, { timeoutMs: 60_000 });
    const before = await readConfigFile(home, 'config.toml');
    await assert.rejects(run({}, { signal: controller.signal }), reason);
    assert.equal(await readConfigFile(home, 'config.toml'), before);
  });

  test('refuses at submit what must not be reached or cannot be written into a list', async (t) => {
    const { run } = await setUp(t, { [a]: node({ id: '1' }), [b]: node({ id: '2' }) });
    for (const [params, code, message] of [
      [{ rpcServers: ['http://169.254.169.254', `http://${a}`] }, 'egress-refused', /rpcServers\.0/],
      [{ rpcServers: [`http://${a}`, 'http://localhost:26657'] }, 'egress-refused', /rpcServers\.1/],
      [{ rpcServers: [`${a}:1`, 'localhost:26657'] }, 'egress-refused', /rpcServers\.1/],
      [{ rpcServers: [`${a}:1`, 'tcp://[::1]:26657'] }, 'egress-refused', /rpcServers\.1/],
      [{ rpcServers: [`${a}:1`, '2130706433:80'] }, 'egress-refused', /rpcServers\.1: 127\.0\.0\.1/],
      [{ rpcServers: ['0xA9FEA9FE:80'], allowSingleWitness: true }, 'egress-refused', /rpcServers\.0: 169\.254/],
      [{ rpcServers: [`http://${a}/a,b`, `http://${a}`] }, 'invalid-params', /comma/],
      [{ rpcServers: [`http://${a}/?key=1`, `http://${a}`] }, 'invalid-params', /query/],
      [{ trustPeriod: '0s' }, 'invalid-params', /trustPeriod/],
    ] as const) {
      await assert.rejects(async () => run(params), { code, message });
    }
  });
});
