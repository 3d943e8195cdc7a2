import assert from 'node:assert/strict';
import { mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, test, type TestContext } from 'node:test';
import { systemClock } from '@nodetask/runtime';
import { type JsonObject, nodeModes, type TaskError } from '@nodetask/shared';
import { parse } from 'smol-toml';
import type { TaskReport } from '../../engine/task-handler.ts';
import { createEgress } from '../../node/testing/loopback-egress.ts';
import { type NodeHome, nodeHome } from '../../node/node-home.ts';
import { makeTempHome } from '../../node/testing/temp-home.ts';
import { sendJson, startServer, type TestServer } from '../../node/testing/http-server.ts';
import { createHandlers } from '../handlers.ts';
import { configValidate } from '../config-validate/config-validate.ts';
import { runTask } from '../testing/run-task.ts';
import { makeSeiHome, readConfigFile, rewrite, testHost } from '../testing/sei-home.ts';
import { configApply } from './config-apply.ts';

const apply = (home: NodeHome, params: unknown): Promise<TaskReport> =>
  runTask('config-apply', configApply(home, testHost), params);

const put = async (home: NodeHome, path: string): Promise<void> => {
  await mkdir(dirname(join(home.root, path)), { recursive: true });
  await writeFile(join(home.root, path), 'x');
};

const storeOf = async (home: NodeHome): Promise<Readonly<Record<string, unknown>>> =>
  parse(await readConfigFile(home, 'app.toml'))['state-store'] as Record<string, unknown>;

const splitOf = async (home: NodeHome): Promise<unknown> => (await storeOf(home))['evm-ss-split'];

const diagnosticsOf = (
  output: JsonObject | undefined,
): readonly { severity: string; field: string; message: string }[] => output?.['diagnostics'] as never;

const setSplit = (home: NodeHome, value: string): Promise<void> =>
  rewrite(home, 'app.toml', 'evm-ss-split = true\n', value === '' ? '' : `evm-ss-split = ${value}\n`);

const key = 'storage.state_store.evm_ss_split';
const invalid = (field: string, message: RegExp) => (error: TaskError) => {
  assert.equal(error.code, 'config-invalid');
  assert.match(error.message, message);
  assert.ok(diagnosticsOf(error.output).some((one) => one.severity === 'ERROR' && one.field === field));
  return true;
};

describe('config-apply and the state of a node', () => {
  for (const mode of nodeModes) {
    test(`a ${mode} that starts empty gets ${mode === 'full' ? 'EVM history in a store of its own' : 'no split of its store'}, and no key that is to be left out`, async (t) => {
      const home = await makeTempHome(t);
      // The files that the node's own init and a restored snapshot leave are no state.
      await put(home, 'data/priv_validator_state.json');
      await put(home, 'data/snapshots/100/2/0');
      await put(home, 'data/snapshots/metadata.db');
      await apply(home, { mode });
      assert.equal(await splitOf(home), mode === 'full' ? true : undefined);
      const text = `${await readConfigFile(home, 'app.toml')}${await readConfigFile(home, 'config.toml')}`;
      assert.doesNotMatch(text, /-write-mode|-read-mode|giga_executor|accept-interval|freeze-height/);
    });
  }

  for (const place of [
    'data/pebbledb/000001.log',
    'data/rocksdb/CURRENT',
    'data/state_store/cosmos_ss/pebbledb/000001.log',
    'data/state_commit/memiavl/current',
    'data/committer.db/metadata',
    'data/application.db/CURRENT',
    'data/evm_ss/000001.log',
  ]) {
    test(`a node with ${place} keeps what its file says of the split, also over a full rewrite`, async (t) => {
      const home = await makeSeiHome(t);
      await put(home, place);
      for (const value of ['', 'false']) {
        await rm(join(home.config, 'app.toml'));
        await apply(home, { mode: 'full' });
        assert.equal(await splitOf(home), undefined);
        if (value !== '')
          await rewrite(home, 'app.toml', '[state-store]\n', `[state-store]\nevm-ss-split = ${value}\n`);
        const { output } = await apply(home, { mode: 'full' });
        assert.equal(await splitOf(home), value === '' ? undefined : false);
        assert.deepEqual(
          diagnosticsOf(output).map(({ severity, field }) => [severity, field]),
          [['INFO', key]],
        );
      }
    });
  }

  test('a node with state whose file says true keeps that, whatever mode it gets', async (t) => {
    for (const mode of nodeModes) {
      const home = await makeSeiHome(t);
      await put(home, 'data/evm_ss/000001.log');
      await apply(home, { mode, allowHistoryLoss: true });
      assert.equal(await splitOf(home), true, mode);
    }
  });

  test('a split that the files have and the node does not need goes with a full rewrite of an empty node', async (t) => {
    const home = await makeSeiHome(t);
    await apply(home, { mode: 'archive' });
    assert.equal(await splitOf(home), undefined);
  });

  test('state is found where db-dir and ss-db-directory have moved it', async (t) => {
    const moved = await makeSeiHome(t);
    await rewrite(moved, 'config.toml', 'db-dir = "data"', 'db-dir = "chain"');
    await setSplit(moved, '');
    await put(moved, 'chain/blockstore.db/CURRENT');
    await apply(moved, { mode: 'full' });
    assert.equal(await splitOf(moved), undefined);

    const moving = await makeTempHome(t);
    await put(moving, 'chain/blockstore.db/CURRENT');
    await apply(moving, { mode: 'full', overrides: { 'storage.db_path': 'chain' } });
    assert.equal(await splitOf(moving), undefined);

    const named = await makeSeiHome(t);
    await setSplit(named, '');
    await rewrite(named, 'app.toml', 'ss-db-directory = ""', `ss-db-directory = "${join(named.root, 'ss')}"`);
    assert.equal((await apply(named, { incremental: true, overrides: { [key]: 'true' } })).outcome, 'changed');
    await setSplit(named, '');
    await put(named, 'ss/000001.log');
    await apply(named, { mode: 'full' });
    assert.equal(await splitOf(named), undefined);
  });

  test('a folder that the agent cannot look into counts as state', async (t) => {
    const home = await makeSeiHome(t);
    await setSplit(home, '');
    await rewrite(home, 'app.toml', 'ss-db-directory = ""', 'ss-db-directory = "relative"');
    const { output } = await apply(home, { mode: 'full' });
    assert.equal(await splitOf(home), undefined);
    assert.match(JSON.stringify(output), /cannot be seen: the folder \\"relative\\" of a state store is relative/);

    const linked = await makeSeiHome(t);
    await setSplit(linked, '');
    await rm(linked.data, { recursive: true });
    await symlink('/var', linked.data);
    await apply(linked, { mode: 'full' });
    assert.equal(await splitOf(linked), undefined);
  });

  test('empty folders are no state', async (t) => {
    const home = await makeTempHome(t);
    await mkdir(join(home.data, 'state_store', 'cosmos_ss', 'pebbledb'), { recursive: true });
    await apply(home, { mode: 'full' });
    assert.equal(await splitOf(home), true);
  });

  test('an override against the state is refused, in both directions, and nothing is written', async (t) => {
    const home = await makeSeiHome(t);
    await setSplit(home, '');
    await put(home, 'data/pebbledb/000001.log');
    const before = await readConfigFile(home, 'app.toml');
    for (const params of [{ mode: 'full' }, { incremental: true }]) {
      await assert.rejects(
        apply(home, { ...params, overrides: { [key]: 'true' } }),
        invalid(
          key,
          /cannot become true on a node that has state \(it has data in .*pebbledb\): leave it out, or empty/,
        ),
      );
      assert.equal(await readConfigFile(home, 'app.toml'), before);
    }

    const split = await makeSeiHome(t);
    await put(split, 'data/evm_ss/000001.log');
    await assert.rejects(
      apply(split, { mode: 'full', overrides: { [key]: 'false' } }),
      invalid(key, /cannot become false/),
    );
    assert.equal(await splitOf(split), true);
  });

  test('an override that agrees with the data mends a file that does not', async (t) => {
    const home = await makeSeiHome(t);
    await put(home, 'data/pebbledb/000001.log');
    const validate = (): Promise<TaskReport> => runTask('config-validate', configValidate(home), {});
    await assert.rejects(validate(), invalid(key, /is true, and the node has state without EVM history of its own/));
    await apply(home, { incremental: true, overrides: { [key]: 'false' } });
    assert.equal(await splitOf(home), undefined);
    assert.deepEqual(diagnosticsOf((await validate()).output), []);

    await put(home, 'data/evm_ss/000001.log');
    assert.match(JSON.stringify((await validate()).output), /"WARNING".*is off, and the node has EVM history/);
    await apply(home, { incremental: true, overrides: { [key]: 'true' } });
    assert.equal(await splitOf(home), true);
  });

  test('an empty node that is no full one cannot have the split', async (t) => {
    for (const mode of ['validator', 'seed', 'archive']) {
      const home = await makeTempHome(t);
      await assert.rejects(
        apply(home, { mode, overrides: { [key]: 'true' } }),
        invalid(key, new RegExp(`cannot be true for mode ${mode}`)),
      );
    }
  });
});

const oldModes = 'sc-write-mode = "cosmos_only"\nsc-read-mode = "cosmos_only"\n';
const withOldModes = async (t: TestContext, write = 'cosmos_only'): Promise<NodeHome> => {
  const home = await makeSeiHome(t);
  await rewrite(home, 'app.toml', '[state-commit]\n', `[state-commit]\n${oldModes.replace('cosmos_only', write)}`);
  const more = 'ss-write-mode = "cosmos_only"\nss-read-mode = "cosmos_only"\n';
  await rewrite(home, 'app.toml', '[state-store]\n', `[state-store]\n${more}`);
  return home;
};
const modesOf = async (home: NodeHome): Promise<readonly string[]> =>
  (await readConfigFile(home, 'app.toml')).match(/s[cs]-(?:write|read)-mode = .*/g) ?? [];
const writeMode = 'storage.state_commit.write_mode';

describe('config-apply and the mode keys', () => {
  test('a full rewrite removes the four that older versions wrote', async (t) => {
    const home = await withOldModes(t);
    await apply(home, { mode: 'full' });
    assert.deepEqual(await modesOf(home), []);
  });

  test('a mode that is set is written, with a warning while nobody says which seid reads it; an empty text removes it', async (t) => {
    const home = await makeTempHome(t);
    const { output } = await apply(home, { mode: 'full', overrides: { [writeMode]: 'memiavl_only' } });
    assert.deepEqual(await modesOf(home), ['sc-write-mode = "memiavl_only"']);
    assert.deepEqual(
      diagnosticsOf(output).map(({ severity, field }) => [severity, field]),
      [['WARNING', writeMode]],
    );
    await apply(home, { incremental: true, overrides: { [writeMode]: '' } });
    assert.deepEqual(await modesOf(home), []);
  });

  test('a migration from version 1 removes them, and stops where only a person can decide', async (t) => {
    const home = await withOldModes(t);
    await rewrite(home, 'app.toml', '\nversion = 2\n', '\nversion = 1\n');
    await apply(home, { incremental: true, targetVersion: 2 });
    assert.deepEqual(await modesOf(home), []);

    for (const mode of ['dual_write', 'split_write']) {
      const stopped = await withOldModes(t, mode);
      await rewrite(stopped, 'app.toml', '\nversion = 2\n', '\nversion = 1\n');
      const before = await readConfigFile(stopped, 'app.toml');
      const migrate = { incremental: true, targetVersion: 2 };
      await assert.rejects(apply(stopped, migrate), invalid(writeMode, new RegExp(`is ${mode}.*by overrides`)));
      assert.equal(await readConfigFile(stopped, 'app.toml'), before);
      await apply(stopped, { ...migrate, overrides: { [writeMode]: '' } });
      assert.deepEqual(await modesOf(stopped), []);
      assert.match(await readConfigFile(stopped, 'app.toml'), /\nversion = 2\n/);
    }
  });

  test('a full rewrite does not remove a mode with which the node has written its state', async (t) => {
    const home = await withOldModes(t, 'split_write');
    await put(home, 'data/evm_ss/000001.log');
    await assert.rejects(apply(home, { mode: 'full' }), invalid(writeMode, /would be removed.*"split_write"/));
    await apply(home, { mode: 'full', overrides: { [writeMode]: 'split_write' } });
    assert.deepEqual(await modesOf(home), ['sc-write-mode = "split_write"']);
    await apply(home, { mode: 'full', overrides: { [writeMode]: '' } });
    assert.deepEqual(await modesOf(home), []);
  });
});

describe('config-apply and other keys that are left out', () => {
  const left = {
    'giga_executor.enabled': ['false', /\[giga_executor\]\n\n.*\nenabled = false\n/],
    'network.p2p.accept_interval': ['0s', /\naccept-interval = "0s"\n/],
    'chain.freeze_height': ['9000', /\nfreeze-height = 9000\n/],
  } as const;
  for (const [name, [value, written]] of Object.entries(left)) {
    test(`${name} is written when it is set, and removed by the next full rewrite`, async (t) => {
      const home = await makeTempHome(t);
      const text = async (): Promise<string> =>
        `${await readConfigFile(home, 'app.toml')}${await readConfigFile(home, 'config.toml')}`;
      await apply(home, { mode: 'full', overrides: { [name]: value } });
      assert.match(await text(), written);
      await apply(home, { mode: 'full' });
      assert.doesNotMatch(await text(), /giga_executor\n\nenabled|accept-interval|freeze-height/);
    });
  }

  for (const [name, value, message] of [
    ['network.p2p.accept_interval', '-1s', /accept_interval: is -1s, and must be 0 or more/],
    ['chain.freeze_height', '9223372036854775808', /is out of range/],
  ] as const) {
    test(`${name} ${value} is refused`, async (t) => {
      const home = await makeTempHome(t);
      await assert.rejects(apply(home, { mode: 'full', overrides: { [name]: value } }), { message });
    });
  }
});

interface Running {
  readonly handlers: ReturnType<typeof createHandlers>;
  readonly server: TestServer;
}

const handlersFor = async (t: TestContext, home: NodeHome, response: unknown): Promise<Running> => {
  const server = await startServer(t, (_request, answer) => {
    // Sei answers without an envelope.
    sendJson(answer, { response });
  });
  const egress = createEgress({ nodeRPC: server.url });
  t.after(() => egress.close());
  const handlers = createHandlers({
    home: home.root,
    stateFolder: nodeHome(home.root).stateFolder,
    nodeRPC: server.url,
    egress,
    clock: systemClock,
    hostname: 'h',
    cpus: 2,
  });
  return { handlers, server };
};

describe('config-apply and config-validate beside a running node', () => {
  test('a write mode that its version refuses is refused, and one that it takes is not', async (t) => {
    const home = await makeTempHome(t);
    const { handlers, server } = await handlersFor(t, home, { version: 'v6.5.2', last_block_height: '100' });
    const task = (overrides: Record<string, string>): Promise<TaskReport> =>
      runTask('config-apply', handlers['config-apply'], { mode: 'full', overrides });
    await assert.rejects(
      task({ [writeMode]: 'memiavl_only' }),
      invalid(writeMode, /seid v6\.5\.2, which runs here, does not start/),
    );
    assert.deepEqual(diagnosticsOf((await task({ [writeMode]: 'cosmos_only' })).output), []);
    assert.deepEqual(server.requests, ['/abci_info', '/abci_info']);
    await rewrite(home, 'app.toml', '"cosmos_only"', '"flatkv_only"');
    await assert.rejects(
      runTask('config-validate', handlers['config-validate'], {}),
      invalid(writeMode, /is flatkv_only, with which seid v6\.5\.2/),
    );
    await assert.rejects(
      task({ 'chain.freeze_height': '100' }),
      invalid('chain.freeze_height', /the node is at 100 already/),
    );
  });
});
