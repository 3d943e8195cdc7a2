import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, open, readdir, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { after, before, test, type TestContext } from 'node:test';
import { type Chain, startChain } from '@nodetask/testbed';
import { readChainId } from '../src/node/chain-id.ts';
import { nodeHome, type NodeHome } from '../src/node/node-home.ts';
import { startTestS3, testBucket as bucket } from './support/object-store.ts';
import {
  chainId,
  makeChainHome,
  moveSnapshots,
  runRestore,
  runUpload,
  writeSnapshot,
} from './support/snapshot-home.ts';

/** A restore is held against the node that it is for: its chain, and whether it runs. */

const s3 = await startTestS3();
const place = (prefix: string) => ({ ...s3.params(bucket), prefix });
const at = (prefix: string) => ({ ...place(prefix), allowUnverified: false });
const snapshotsOf = (home: NodeHome): string => join(home.data, 'snapshots');

/** A prefix with a snapshot of height 100, with its manifest. */
const upload = async (t: TestContext, prefix: string, chain = chainId): Promise<void> => {
  const source = await makeChainHome(t, chain);
  for (const height of [100, 200]) await writeSnapshot(source, height, 1_000);
  await runUpload(source, place(prefix));
};

/** A node that has a snapshot of height 50, which a refused restore must not touch. */
const makeTarget = async (t: TestContext, chain = chainId): Promise<NodeHome> => {
  const home = await makeChainHome(t, chain);
  await writeSnapshot(home, 50, 1_000);
  return home;
};

const assertUntouched = async (home: NodeHome): Promise<void> => {
  assert.deepEqual(await readdir(snapshotsOf(home)), ['50']);
  assert.deepEqual(await readdir(home.data), ['snapshots']);
};

let chain: Chain;
before(async () => {
  chain = await startChain({ timeoutCommit: '200ms' });
});
after(async () => {
  await chain.stop();
});

test('a node that seictl restored keeps its snapshots, unless force is given', async (t) => {
  await upload(t, 'taken-over');
  const home = await makeTarget(t);
  await writeFile(join(home.root, '.sei-sidecar-snapshot-done'), '');
  await writeFile(join(home.root, '.sei-sidecar-snapshot-height'), '50');
  const kept = await runRestore(home, at('taken-over'));
  assert.deepEqual([kept.outcome, kept.reason], ['unchanged', 'done-by-seictl']);
  assert.deepEqual(kept.output, { reason: 'done-by-seictl', height: 50 });
  assert.match(kept.message ?? '', /set force/);
  await assertUntouched(home);
  const forced = await runRestore(home, { ...at('taken-over'), force: true });
  assert.deepEqual([forced.outcome, forced.output?.['height']], ['changed', 100]);
  // From here on the agent's own marker counts.
  assert.equal((await runRestore(home, at('taken-over'))).reason, 'already-restored');
});

test('a node whose data was emptied since seictl restored it takes a snapshot', async (t) => {
  await upload(t, 'emptied');
  const home = await makeChainHome(t);
  await writeFile(join(home.root, '.sei-sidecar-snapshot-done'), '');
  assert.equal((await runRestore(home, at('emptied'))).outcome, 'changed');
});

test('a snapshot of the chain that the params name is refused by a node of another chain', async (t) => {
  await upload(t, 'other-node');
  const home = await makeTarget(t, 'atlantic-2');
  await assert.rejects(runRestore(home, at('other-node')), {
    code: 'chain-mismatch',
    message: /chainId is test-chain-1, but \S+config\/genesis\.json of the node says atlantic-2; nothing was changed/,
  });
  await assertUntouched(home);
});

test('a node without a genesis takes the snapshot, and the output says that its chain was not compared', async (t) => {
  await upload(t, 'no-genesis');
  const home = await makeTarget(t);
  await rm(join(home.config, 'genesis.json'));
  const { outcome, output, warnings } = await runRestore(home, at('no-genesis'));
  assert.deepEqual([outcome, output?.['chainVerified'], warnings], ['changed', 'genesis-missing', []]);
});

test('a genesis that cannot be read is not taken for a missing one', async (t) => {
  await upload(t, 'broken-genesis');
  const home = await makeTarget(t);
  await writeFile(join(home.config, 'genesis.json'), '{"chain_id": ');
  await assert.rejects(runRestore(home, at('broken-genesis')), { code: 'file-invalid' });
  await assertUntouched(home);
});

test('an archive that nothing proves to be of the chain is refused, unless sha256 or allowUnverified is given', async (t) => {
  await upload(t, 'unproven');
  await s3.files.delete(bucket, 'unproven/100.manifest.json');
  const home = await makeTarget(t);
  await assert.rejects(runRestore(home, at('unproven')), {
    code: 'chain-unproven',
    message: /neither a manifest nor its name says that .*unproven\/100\.tar\.gz.* is a snapshot of test-chain-1/,
  });
  await assertUntouched(home);

  const sha256 = createHash('sha256')
    .update(await s3.files.get(bucket, 'unproven/100.tar.gz'))
    .digest('hex');
  const pinned = await runRestore(home, { ...at('unproven'), sha256 });
  assert.deepEqual([pinned.output?.['chainVerified'], pinned.warnings], ['verified', []]);

  const insisted = await runRestore(await makeTarget(t), { ...at('unproven'), allowUnverified: true });
  assert.equal(insisted.output?.['chainVerified'], 'archive-unproven');
  assert.deepEqual(insisted.warnings, ['nothing proves that the archive is of test-chain-1']);
});

test('a node whose RPC answers is not restored, unless allowRunning is given', async (t) => {
  await upload(t, 'running');
  const home = await makeTarget(t);
  const nodeRPC = chain.validator.rpcUrl;
  await assert.rejects(runRestore(home, at('running'), { nodeRPC }), {
    code: 'node-running',
    message: /the node runs: its RPC http:\/\/127\S+ answers; nothing was changed/,
  });
  await assertUntouched(home);
  const insisted = await runRestore(home, { ...at('running'), allowRunning: true }, { nodeRPC });
  assert.equal(insisted.outcome, 'changed');
  assert.match(insisted.warnings?.[0] ?? '', /^the node runs \(its RPC .* answers\): restart it/);
});

test('a node that is stopped, but still accepts connections, is taken for running', async (t) => {
  await upload(t, 'stopped');
  const home = await makeTarget(t);
  const server = createServer((socket) => socket.destroy()).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  await assert.rejects(runRestore(home, at('stopped'), { nodeRPC: urlOf(server) }), {
    code: 'node-running',
    message: /something listens at its RPC/,
  });
});

test('a node with its RPC elsewhere is seen by the databases that its process has open', async (t) => {
  await upload(t, 'process');
  const home = nodeHome(chain.validator.home);
  const ofNode = await readChainId(home, t.signal);
  const params = { ...at('process'), chainId: ofNode };
  await assert.rejects(runRestore(home, params), {
    code: 'node-running',
    message: /the node runs: process \d+ has \S+\.db\/LOCK open/,
  });
});

test('a node is seen by the databases that it has where its db_dir says', async (t) => {
  await upload(t, 'db-dir');
  const node = await chain.addFollower({ config: { '': { db_dir: 'fast/db' } } });
  t.after(() => node.stop());
  await node.start();
  const home = nodeHome(node.home);
  const params = { ...at('db-dir'), chainId: await readChainId(home, t.signal) };
  await assert.rejects(runRestore(home, params), {
    code: 'node-running',
    message: /the node runs: process \d+ has \S+\/fast\/db\/\S+\.db\/LOCK open/,
  });
});

for (const [database, folders, file] of [
  ['that of its snapshots', ['fast/snapshots/metadata.db'], 'fast/snapshots/metadata.db/LOCK'],
  ['one of bolt, which is a file', [], 'data/state.db'],
] as const) {
  test(`a process is seen by the database that it has open: ${database}`, async (t) => {
    await upload(t, 'open');
    const home = await makeTarget(t);
    await moveSnapshots(home, join(home.root, 'fast', 'snapshots'));
    for (const folder of folders) await mkdir(join(home.root, folder), { recursive: true });
    const path = join(home.root, file);
    await writeFile(path, '');
    const handle = await open(path);
    const child = spawn('sleep', ['600'], { stdio: [handle.fd, 'ignore', 'ignore'] });
    t.after(() => child.kill());
    await once(child, 'spawn');
    await handle.close();
    await assert.rejects(runRestore(home, at('open')), {
      code: 'node-running',
      message: new RegExp(`process ${String(child.pid)} has ${path} open`),
    });
  });
}

test('a node with its genesis elsewhere is compared by that one', async (t) => {
  await upload(t, 'genesis-file');
  const home = await makeTarget(t);
  await mkdir(join(home.root, 'chain'));
  await writeFile(join(home.root, 'chain', 'g.json'), '{"chain_id":"atlantic-2","app_state":{}}');
  for (const key of ['genesis_file', 'genesis-file']) {
    await writeFile(join(home.config, 'config.toml'), `${key} = "chain/g.json"\n`);
    await assert.rejects(runRestore(home, at('genesis-file')), {
      code: 'chain-mismatch',
      message: /\/chain\/g\.json of the node says atlantic-2/,
    });
  }
  await assertUntouched(home);
  // Whose snapshots they are says that genesis, too.
  for (const height of [60, 70]) await writeSnapshot(home, height, 100);
  await runUpload(home, place('of-another'));
  assert.match((await s3.files.get(bucket, 'of-another/60.manifest.json')).toString(), /"chainId": "atlantic-2"/);
  await writeFile(join(home.config, 'config.toml'), 'genesis_file = "chain/none.json"\n');
  assert.equal((await runRestore(home, at('genesis-file'))).output?.['chainVerified'], 'genesis-missing');
});

test('a restore fails if config.toml, which says where the genesis is, cannot be parsed', async (t) => {
  await upload(t, 'no-toml');
  const home = await makeTarget(t);
  await writeFile(join(home.config, 'config.toml'), 'genesis_file = \n');
  await assert.rejects(runRestore(home, at('no-toml')), { code: 'file-invalid', message: /config\.toml:1:/ });
  await assertUntouched(home);
});

test('a database that no process has open does not stop a restore', async (t) => {
  await upload(t, 'closed');
  const home = await makeTarget(t);
  await mkdir(join(home.data, 'blockstore.db'));
  await writeFile(join(home.data, 'blockstore.db', 'LOCK'), '');
  assert.equal((await runRestore(home, at('closed'))).outcome, 'changed');
});

test('a node that is started while the archive comes is not exchanged under', async (t) => {
  await upload(t, 'late');
  const home = await makeTarget(t);
  const server = createServer((socket) => socket.destroy()).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const nodeRPC = urlOf(server);
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  t.after(() => server.close());
  const afterStep = (step: string): void => {
    if (step === 'unpacked') server.listen(port, '127.0.0.1');
  };
  await assert.rejects(runRestore(home, at('late'), { nodeRPC, afterStep }), { code: 'node-running' });
  await assertUntouched(home);
});

const urlOf = (server: Server): string => `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
