import assert from 'node:assert/strict';
import { readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { maxOutputBytes, nodeModes } from '@nodetask/shared';
import { parse } from 'smol-toml';
import { makeTempHome } from '../../node/testing/temp-home.ts';
import type { NodeHome } from '../../node/node-home.ts';
import type { TaskReport } from '../../engine/task-handler.ts';
import { registryVersion } from '../config/registry.ts';
import { configValidate } from '../config-validate/config-validate.ts';
import { runTask } from '../testing/run-task.ts';
import { cometBFTConfig, makeSeiHome, readConfigFile, rewrite, testHost } from '../testing/sei-home.ts';
import { configApply } from './config-apply.ts';

const apply = (home: NodeHome, params: unknown): Promise<TaskReport> =>
  runTask('config-apply', configApply(home, testHost), params);
const keysIn = ({ output }: TaskReport): readonly string[] =>
  ((output?.['changes'] ?? []) as { readonly key: string }[]).map(({ key }) => key);
const both = (home: NodeHome): Promise<string[]> =>
  Promise.all(['config.toml', 'app.toml'].map((name) => readConfigFile(home, name)));

describe('config-apply, full', () => {
  for (const mode of nodeModes) {
    test(`writes complete files of a ${mode} into a fresh home, and then nothing more`, async (t) => {
      const home = await makeTempHome(t);
      await rm(home.config, { recursive: true });
      const report = await apply(home, { mode, overrides: { 'chain.moniker': 'me' } });
      assert.equal(report.outcome, 'changed');
      assert.equal(report.output?.['mode'], mode);
      assert.ok(Buffer.byteLength(JSON.stringify(report.output)) <= maxOutputBytes);
      assert.deepEqual((await readdir(home.config)).sort(), ['app.toml', 'config.toml']);
      const [config = '', app = ''] = await both(home);
      assert.equal(parse(config)['moniker'], 'me');
      assert.deepEqual(parse(app)['sei'], { __proto__: null, mode, version: 2 });
      assert.equal((await runTask('config-validate', configValidate(home), {})).output?.['valid'], true);
      assert.deepEqual(await apply(home, { mode, overrides: { 'chain.moniker': 'me' } }), {
        outcome: 'unchanged',
        reason: 'already-as-wanted',
        message: 'config.toml and app.toml say already what the params ask for',
        output: { reason: 'already-as-wanted', registryVersion, mode, version: 2, changes: [], diagnostics: [] },
      });
      assert.deepEqual(await both(home), [config, app]);
    });
  }

  test('resets what the registry knows and keeps what it does not, with the comments', async (t) => {
    const home = await makeSeiHome(t, 'validator');
    await rewrite(home, 'config.toml', '[p2p]\n', '# my p2p\n[p2p]\nfuture-key = 7 # kept\n');
    await rewrite(home, 'config.toml', 'persistent-peers = ""', 'persistent-peers = "id@host:26656"');
    await rewrite(home, 'app.toml', '[telemetry]\n', '[unknown-section]\nx = 9223372036854775807\n\n[telemetry]\n');
    const report = await apply(home, { mode: 'archive' });
    const [config = '', app = ''] = await both(home);
    assert.match(config, /# my p2p\n\[p2p\]\nfuture-key = 7 # kept\n/);
    assert.match(config, /\nmode = "full"\n/);
    assert.match(app, /\[unknown-section\]\nx = 9223372036854775807\n/);
    assert.match(app, /\nmode = "archive"\n/);
    assert.match(config, /\npersistent-peers = ""\n/);
    const changed = keysIn(report);
    assert.ok(changed.includes('p2p.persistent-peers') && changed.includes('sei.mode') && !changed.includes('moniker'));
  });

  test('overrides win over the defaults of the mode; a list is one string where the node wants that', async (t) => {
    const home = await makeTempHome(t);
    await apply(home, {
      mode: 'full',
      overrides: {
        'evm.http_port': '9000',
        'state_sync.rpc_servers': 'a:1, b:2',
        'evm.deny_list': 'x,y',
        'evm.read_timeout': '90s',
        'mempool.drop_priority_threshold': '1',
      },
    });
    const [config = '', app = ''] = await both(home);
    assert.match(config, /\nrpc-servers = "a:1,b:2"\n/);
    assert.match(config, /\ndrop-priority-threshold = 1\.0\n/);
    assert.match(app, /\nhttp_port = 9000\n/);
    assert.match(app, /\ndeny_list = \["x", "y"\]\n/);
    assert.match(app, /\nread_timeout = "1m30s"\n/);
    assert.doesNotMatch(app, /index-events/);
  });

  test('an invalid result is written nowhere and told by diagnostics', async (t) => {
    const home = await makeSeiHome(t);
    const before = await both(home);
    const params = {
      mode: 'full',
      overrides: { 'storage.pruning': 'everything', 'storage.snapshot_interval': '5', 'mempool.size': '-1' },
    };
    await assert.rejects(
      apply(home, params),
      (error: Error & { code?: string; output?: { diagnostics: { field: string }[] } }) => {
        assert.equal(error.code, 'config-invalid');
        assert.deepEqual(
          error.output?.diagnostics.map(({ field }) => field),
          ['mempool.size', 'storage'],
        );
        assert.match(error.message, /nothing was written: mempool\.size: is -1/);
        return true;
      },
    );
    assert.deepEqual(await both(home), before);
  });

  test('a version that this agent does not know is refused, one step down is told', async (t) => {
    const home = await makeSeiHome(t);
    await assert.rejects(apply(home, { mode: 'full', targetVersion: 3 }), {
      code: 'config-invalid',
      message: /targetVersion: is 3/,
    });
    const report = await apply(home, { mode: 'full', targetVersion: 1 });
    assert.equal(report.output?.['version'], 1);
    assert.deepEqual(report.output?.['diagnostics'], [
      { severity: 'WARNING', field: 'version', message: 'goes down from 2 to 1' },
    ]);
    assert.match(await readConfigFile(home, 'app.toml'), /\nversion = 1\n/);
  });

  test('wrong overrides are refused at submit, all of them', async (t) => {
    const home = await makeTempHome(t);
    await assert.rejects(
      apply(home, { mode: 'full', overrides: { mode: 'seed', 'evm.http_port': '1x', nope: '1' } }),
      (error: Error & { code?: string; details?: { faults: unknown[] } }) => {
        assert.equal(error.code, 'override-invalid');
        assert.equal(error.details?.faults.length, 3);
        assert.match(error.message, /evm\.http_port "1x" is not an integer.*mode is not an override.*nope is no key/);
        return true;
      },
    );
    assert.deepEqual(await readdir(home.config), []);
  });

  test('adds the missing file of a home that has only one', async (t) => {
    const home = await makeSeiHome(t);
    await rm(join(home.config, 'app.toml'));
    await writeFile(
      join(home.config, 'config.toml'),
      'base = { mode = "full" }\n\n[p2p]\npersistent-peers = ""\nladdr = "x"\n',
    );
    await apply(home, { mode: 'full' });
    const config = parse(await readConfigFile(home, 'config.toml'));
    assert.deepEqual(config['base'], { __proto__: null, mode: 'full' });
    assert.equal((config['p2p'] as Record<string, unknown>)['laddr'], 'tcp://0.0.0.0:26656');
    assert.equal((await runTask('config-validate', configValidate(home), {})).output?.['valid'], true);
  });
});

describe('config-apply, incremental', () => {
  test('changes only what is named, one line each', async (t) => {
    const home = await makeSeiHome(t);
    const [config = '', app = ''] = await both(home);
    const report = await apply(home, {
      incremental: true,
      overrides: { 'logging.level': 'debug', 'evm.ws_port': '9' },
    });
    assert.deepEqual(report, {
      outcome: 'changed',
      message: 'log-level info \u2192 debug, evm.ws_port 8546 \u2192 9; takes effect when the node restarts',
      numbers: { changes: 2 },
      output: {
        registryVersion,
        mode: 'full',
        version: 2,
        changes: [
          { file: 'config.toml', key: 'log-level', from: 'info', to: 'debug' },
          { file: 'app.toml', key: 'evm.ws_port', from: 8546, to: 9 },
        ],
        diagnostics: [],
      },
    });
    assert.deepEqual(await both(home), [
      config.replace('log-level = "info"', 'log-level = "debug"'),
      app.replace('ws_port = 8546', 'ws_port = 9'),
    ]);
  });

  test('a mode is a label: its defaults are not applied', async (t) => {
    const home = await makeSeiHome(t);
    const report = await apply(home, { incremental: true, mode: 'archive' });
    assert.deepEqual(keysIn(report), ['sei.mode']);
    assert.match(await readConfigFile(home, 'app.toml'), /\npruning = "custom"\n/);
    assert.match(await readConfigFile(home, 'config.toml'), /\nmode = "full"\n/);
  });

  test('targetVersion migrates, and does not go down', async (t) => {
    const home = await makeSeiHome(t);
    await rewrite(home, 'app.toml', '\nversion = 2\n', '\nversion = 1\n');
    const same = await apply(home, { incremental: true, overrides: { 'logging.level': 'info' } });
    assert.deepEqual([same.outcome, same.output?.['version']], ['unchanged', 1]);
    const report = await apply(home, { incremental: true, targetVersion: 2 });
    assert.deepEqual(keysIn(report), ['sei.version']);
    await assert.rejects(apply(home, { incremental: true, targetVersion: 1 }), {
      code: 'config-invalid',
      message: /no way down/,
    });
  });

  test('quoted numbers are read as numbers and stay as they are; what is wrong is told, unless it is replaced', async (t) => {
    const home = await makeSeiHome(t);
    await rewrite(home, 'app.toml', 'http_port = 8545', 'http_port = "8545"');
    await rewrite(home, 'config.toml', 'max-body-bytes = 1000000', 'max-body-bytes = ""');
    await assert.rejects(apply(home, { incremental: true, overrides: { 'logging.level': 'debug' } }), {
      code: 'config-invalid',
      message: /network\.rpc\.max_body_bytes: rpc\.max-body-bytes in .* is empty: write an integer/,
    });
    await apply(home, { incremental: true, overrides: { 'network.rpc.max_body_bytes': '5', 'evm.http_port': '8545' } });
    assert.match(await readConfigFile(home, 'app.toml'), /http_port = "8545"/);
    assert.match(await readConfigFile(home, 'config.toml'), /max-body-bytes = 5\n/);
  });

  test('needs files to change', async (t) => {
    const home = await makeSeiHome(t);
    await rm(join(home.config, 'app.toml'));
    await assert.rejects(apply(home, { incremental: true }), {
      code: 'file-missing',
      message: /app\.toml does not exist/,
    });
    await rm(home.root, { recursive: true });
    await assert.rejects(apply(home, { mode: 'full' }), { code: 'file-missing', message: /NODETASK_HOME/ });
  });
});

const keysOf = (text: string): string[] =>
  Object.entries(parse(text)).flatMap(([key, value]) =>
    typeof value === 'object' && !Array.isArray(value) ? Object.keys(value).map((inner) => `${key}.${inner}`) : [key],
  );

describe('config-apply on the files of CometBFT', () => {
  test('follows their spelling, adds no key, writes no app.toml', async (t) => {
    const home = await makeTempHome(t);
    await writeFile(join(home.config, 'config.toml'), cometBFTConfig);
    const report = await apply(home, {
      incremental: true,
      overrides: {
        'network.p2p.persistent_peers': 'x@y:1',
        'tx_index.indexer': 'null',
        'mempool.keep_invalid_txs_in_cache': 'true',
      },
    });
    assert.equal(
      await readConfigFile(home, 'config.toml'),
      cometBFTConfig
        .replace('persistent_peers = ""', 'persistent_peers = "x@y:1"')
        .replace('indexer = "kv"', 'indexer = "null"')
        .replace('in-cache = false', 'in-cache = true'),
    );
    assert.deepEqual(await readdir(home.config), ['config.toml']);
    assert.match(JSON.stringify(report.output), /"INFO".*spelling of CometBFT, and there is no app\.toml/);
    await assert.rejects(apply(home, { incremental: true, overrides: { 'evm.http_port': '1' } }), {
      code: 'override-invalid',
      message: /evm\.http_port.*config-patch/,
    });
  });

  test('tells what it cannot store', async (t) => {
    const home = await makeTempHome(t);
    await writeFile(join(home.config, 'config.toml'), cometBFTConfig);
    const report = await apply(home, { incremental: true, mode: 'seed', targetVersion: 2 });
    assert.equal(report.outcome, 'unchanged');
    assert.match(JSON.stringify(report.output), /"WARNING","field":"mode","message":"is not stored/);
  });

  test('adds no key beside the one that it changes: an app.toml of the Cosmos SDK', async (t) => {
    const home = await makeTempHome(t);
    const config = cometBFTConfig.replace('prometheus = false\n', '');
    await writeFile(join(home.config, 'config.toml'), config);
    await writeFile(join(home.config, 'app.toml'), 'minimum-gas-prices = "0stake"\n\n[telemetry]\nenabled = false\n');
    const report = await apply(home, { incremental: true, overrides: { 'metrics.enabled': 'true' } });
    assert.deepEqual(keysIn(report), ['telemetry.enabled']);
    assert.equal(await readConfigFile(home, 'config.toml'), config);
    assert.match(await readConfigFile(home, 'app.toml'), /enabled = true/);
  });

  test('in full, sets only keys that are there', async (t) => {
    const home = await makeTempHome(t);
    await writeFile(join(home.config, 'config.toml'), cometBFTConfig);
    await apply(home, { mode: 'full' });
    const after = await readConfigFile(home, 'config.toml');
    assert.deepEqual(keysOf(after), keysOf(cometBFTConfig));
    assert.match(after, /laddr = "tcp:\/\/0\.0\.0\.0:26657"/);
    assert.match(after, /# "null" \| "kv" \| "psql"\nindexer = "kv"/);
    assert.deepEqual(await readdir(home.config), ['config.toml']);
  });
});
