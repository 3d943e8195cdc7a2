import assert from 'node:assert/strict';
import { readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import type { ToldReport } from '../../engine/task-handler.ts';
import type { NodeHome } from '../../node/node-home.ts';
import { makeCometBFTHome } from '../testing/cometbft-home.ts';
import { runTask } from '../testing/run-task.ts';
import { cometBFTConfig, makeSeiHome, readConfigFile, rewrite } from '../testing/sei-home.ts';
import { configValidate } from './config-validate.ts';

const validate = (home: NodeHome, params: unknown = {}): Promise<ToldReport> =>
  runTask('config-validate', configValidate(home), params);

const diagnosticsOf = (output: unknown): readonly { readonly severity: string; readonly field: string }[] =>
  (output as Invalid['output']).diagnostics;

interface Invalid extends Error {
  readonly code: string;
  readonly output: {
    readonly valid: boolean;
    readonly mode?: string;
    readonly diagnostics: readonly { severity: string; field: string; message: string }[];
  };
}

const invalid = async (home: NodeHome, params: unknown = {}): Promise<Invalid> => {
  const outcome = await validate(home, params).catch((error: unknown) => error);
  assert.ok(outcome instanceof Error && 'code' in outcome && outcome.code === 'config-invalid', String(outcome));
  return outcome as Invalid;
};

describe('config-validate', () => {
  test('a valid configuration, and nothing is written', async (t) => {
    const home = await makeSeiHome(t, 'archive');
    const before = await readConfigFile(home, 'config.toml');
    assert.deepEqual(await validate(home), {
      outcome: 'unchanged',
      message: 'the configuration of 219 keys in 2 files is valid',
      output: { valid: true, mode: 'archive', version: 2, diagnostics: [], registryVersion: 'v0.0.27' },
    });
    assert.equal(await readConfigFile(home, 'config.toml'), before);
    assert.deepEqual((await readdir(home.config)).sort(), ['app.toml', 'config.toml']);
  });

  test('warnings are returned, and do not make it invalid', async (t) => {
    const home = await makeSeiHome(t, 'validator');
    await rewrite(home, 'app.toml', 'http_enabled = false', 'http_enabled = true');
    await rewrite(home, 'app.toml', 'ss-backend = "pebbledb"', 'ss-backend = "sqlite"');
    const { output, message } = await validate(home);
    assert.match(message, /^the configuration of 219 keys in 2 files is valid, with 2 warnings$/);
    assert.deepEqual(
      diagnosticsOf(output).map(({ severity, field }) => `${severity} ${field}`),
      ['WARNING storage.state_store.backend', 'WARNING evm'],
    );
  });

  test('every error is found, with the same output as a valid one', async (t) => {
    const home = await makeSeiHome(t);
    await rewrite(home, 'app.toml', 'minimum-gas-prices = "0.01usei"', 'minimum-gas-prices = ""');
    await rewrite(home, 'config.toml', 'log-format = "plain"', 'log-format = "xml"');
    await rewrite(home, 'config.toml', 'ttl-duration = "5s"', 'ttl-duration = "5"');
    const { output, message } = await invalid(home);
    assert.equal(output.valid, false);
    assert.equal(output.mode, 'full');
    assert.deepEqual(
      output.diagnostics.map(({ field }) => field),
      ['mempool.ttl_duration', 'chain.min_gas_prices', 'logging.format'],
    );
    assert.match(
      output.diagnostics[0]?.message ?? '',
      /mempool\.ttl-duration in .*config\.toml is the text "5": write a duration/,
    );
    assert.match(message, /chain\.min_gas_prices: is empty/);
  });

  test('a missing key counts as the zero value of its type', async (t) => {
    const home = await makeSeiHome(t);
    await rewrite(home, 'app.toml', 'pruning = "custom"\n', '');
    assert.deepEqual(
      (await invalid(home)).output.diagnostics.map(({ field }) => field),
      ['storage.pruning'],
    );
  });

  test('the version is held against targetVersion, and against what this agent knows', async (t) => {
    const home = await makeSeiHome(t);
    assert.match((await invalid(home, { targetVersion: 1 })).message, /version: is 2, and this check goes up to 1/);
    await rewrite(home, 'app.toml', '\nversion = 2\n', '\nversion = 3\n');
    assert.match((await invalid(home)).message, /version: is 3/);
    assert.equal((await validate(home, { targetVersion: 3 })).output?.['version'], 3);
  });

  test('a mode and a version that are none are told', async (t) => {
    const home = await makeSeiHome(t);
    await rewrite(home, 'app.toml', '\nmode = "full"\n', '\nmode = "rpc"\n');
    await rewrite(home, 'app.toml', '\nversion = 2\n', '\nversion = 0\n');
    await rewrite(home, 'config.toml', '\nmode = "full"\n', '\nmode = "seed"\n');
    const { output } = await validate(home);
    assert.equal(output?.['mode'], 'seed');
    assert.deepEqual(
      diagnosticsOf(output).map(({ field }) => field),
      ['mode', 'version'],
    );
  });

  test('key names are matched in any case, and in either spelling', async (t) => {
    const home = await makeSeiHome(t);
    await rewrite(home, 'app.toml', 'minimum-gas-prices', 'Minimum_Gas_Prices');
    assert.equal((await validate(home)).output?.['valid'], true);
  });

  test('a missing file, and one that is no TOML, are named', async (t) => {
    const home = await makeSeiHome(t);
    await writeFile(join(home.config, 'app.toml'), 'a = 1\nb = [\n');
    await assert.rejects(validate(home), { code: 'file-invalid', message: /app\.toml:[23]:\d+: not TOML/ });
    await writeFile(join(home.config, 'app.toml'), Buffer.from([0x61, 0x3d, 0xff]));
    await assert.rejects(validate(home), { code: 'file-invalid', message: /not UTF-8/ });
    await rm(join(home.config, 'app.toml'));
    await assert.rejects(validate(home), { code: 'file-missing', message: /app\.toml does not exist/ });
    await rm(home.config, { recursive: true });
    await assert.rejects(validate(home), { code: 'file-missing', message: /config.*does not exist/ });
  });
});

/** The unknown keys that diagnostics tell of, with what was meant. */
const unknown = (output: unknown): readonly (readonly [string, string])[] =>
  (output as Invalid['output']).diagnostics
    .filter(({ message }) => message.includes('is known to read it'))
    .map(({ severity, field, message }) => [`${severity} ${field}`, /did you mean (.+)\?/.exec(message)?.[1] ?? '']);

describe('keys that no node is known to read', () => {
  test('are warnings with what was meant, in both files, and in the result', async (t) => {
    const home = await makeSeiHome(t);
    await rewrite(home, 'config.toml', '\nmax-connections = ', '\nmax-connectionz = 3\nmax-connections = ');
    await rewrite(home, 'config.toml', '[p2p]', '[p2pp]\nx = 1\n\n[p2p]\npersistent_peers = "a"');
    await rewrite(home, 'app.toml', 'pruning = "custom"\n', 'pruning = "custom"\nprunning = 1\nof-the-chain = 1\n');
    const { output, outcome, warnings } = await validate(home);
    assert.equal(outcome, 'unchanged');
    assert.deepEqual(unknown(output), [
      ['WARNING p2pp', 'p2p'],
      ['WARNING p2p.persistent_peers', 'p2p.persistent-peers'],
      ['WARNING p2p.max-connectionz', 'p2p.max-connections'],
      ['WARNING prunning', 'pruning'],
    ]);
    assert.deepEqual(warnings, [
      'no such node is known to read config.toml: p2pp (did you mean p2p?); config.toml: p2p.persistent_peers (did you mean p2p.persistent-peers?); and 2 more',
    ]);
  });

  test('a leftover in the spelling that a CometBFT node ignores is one', async (t) => {
    const home = await makeCometBFTHome(t, {
      'config.toml': cometBFTConfig.replace('[p2p]\n', '[p2p]\npersistent-peers = "a@b:1"\n'),
    });
    const { output } = await validate(home);
    assert.deepEqual(unknown(output), [['WARNING p2p.persistent-peers', 'p2p.persistent_peers']]);
  });

  test('with strict they make the configuration invalid', async (t) => {
    const home = await makeSeiHome(t);
    assert.equal((await validate(home, { strict: true })).output?.['valid'], true);
    await rewrite(home, 'config.toml', '[p2p]', '[p2pp]\nx = 1\n\n[p2p]');
    const { output, message } = await invalid(home, { strict: true });
    assert.deepEqual(unknown(output), [['ERROR p2pp', 'p2p']]);
    assert.match(message, /p2pp: is in .*config\.toml.*did you mean p2p\?/);
  });

  test('ten thousand of them are counted and not listed', async (t) => {
    const home = await makeSeiHome(t);
    const keys = Array.from({ length: 9000 }, (_, index) => `k${index} = 1`).join('\n');
    await rewrite(home, 'config.toml', '[p2p]\n', `[p2p]\n${keys}\n`);
    const { diagnostics } = (await validate(home)).output as unknown as Invalid['output'];
    assert.equal(diagnostics.length, 21);
    assert.equal(diagnostics.at(-1)?.message, '8980 more are not listed');
  });
});

describe('config-validate on the files of CometBFT', () => {
  test('says what the files were held against', async (t) => {
    const home = await makeCometBFTHome(t);
    const { output } = await validate(home);
    assert.deepEqual(Object.keys(output ?? {}), ['valid', 'diagnostics', 'registryVersion']);
    assert.match(JSON.stringify(output), /^\{"valid":true,"diagnostics":\[\{"severity":"INFO","field":"config\.toml"/);
    const { output: asked } = await validate(home, { targetVersion: 1 });
    assert.match(JSON.stringify(asked), /"WARNING","field":"version","message":"is not stored: the files of this node/);
  });

  test('finds what breaks a rule there', async (t) => {
    const home = await makeCometBFTHome(t, {
      'config.toml': cometBFTConfig
        .replace('size = 5000', 'size = -1')
        .replace('log_format = "plain"', 'log_format = ""'),
    });
    assert.deepEqual(
      (await invalid(home)).output.diagnostics.map(({ field }) => field),
      ['log_format', 'mempool.size', 'config.toml'],
    );
  });
});
