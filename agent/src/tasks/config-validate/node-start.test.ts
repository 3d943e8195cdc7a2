/** What config-validate says of the start of a node where versions differ, or where no node of the tests can show it. */
import assert from 'node:assert/strict';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import type { NodeHome } from '../../node/node-home.ts';
import { makeTempHome } from '../../node/testing/temp-home.ts';
import { makeCometBFTHome } from '../testing/cometbft-home.ts';
import { runTask } from '../testing/run-task.ts';
import { cometBFTConfig, makeSeiHome, rewrite } from '../testing/sei-home.ts';
import { configValidate } from './config-validate.ts';

/** `SEVERITY field: message` of each diagnostic but the one that says what was checked. */
const say = async (home: NodeHome): Promise<readonly string[]> => {
  const output: unknown = await runTask('config-validate', configValidate(home), {}).then(
    (report) => report.output,
    (error: unknown) => (error as { readonly output: unknown }).output,
  );
  return (
    output as { readonly diagnostics: readonly { severity: string; field: string; message: string }[] }
  ).diagnostics
    .filter(({ field }) => field !== 'config.toml')
    .map(({ severity, field, message }) => `${severity} ${field}: ${message}`);
};

const ofVersion = (version: string): string => cometBFTConfig.replace('version = "0.38.26"', `version = "${version}"`);

const pprof = (version: string): string => ofVersion(version).replace('[rpc]\n', '[rpc]\npprof_laddr = "x"\n');

const syncing = (hash: string): string =>
  cometBFTConfig
    .replace('enable = false\nrpc_servers = ""', 'enable = true\nrpc_servers = "a:1,b:1"')
    .replace('trust_height = 0\ntrust_hash = ""', `trust_height = 1\ntrust_hash = "${hash}"`);

describe('what only some versions refuse', () => {
  test('a profiler that cannot listen ends CometBFT 0.40.0 alone', async (t) => {
    const severity = async (version: string): Promise<string | undefined> =>
      (await say(await makeCometBFTHome(t, { 'config.toml': pprof(version) })))[0]?.split(':')[0];
    assert.equal(await severity('0.40.0'), 'ERROR rpc.pprof_laddr');
    assert.equal(await severity('0.38.26'), 'WARNING rpc.pprof_laddr');
    assert.equal(await severity(''), 'WARNING rpc.pprof_laddr');
  });

  test('a database that needs a build of its own is a warning, and an error where no build has it', async (t) => {
    const first = async (version: string, name: string): Promise<string | undefined> =>
      (
        await say(await makeCometBFTHome(t, { 'config.toml': ofVersion(version).replace('"goleveldb"', `"${name}"`) }))
      )[0];
    assert.match((await first('0.38.26', 'pebbledb')) ?? '', /^WARNING db_backend: .*with the tag pebbledb/);
    assert.match((await first('0.37.18', 'pebbledb')) ?? '', /^ERROR db_backend: .*must be one of/);
    assert.equal(await first('1.0.1', 'pebbledb'), undefined);
  });

  test('of a node of the SDK the rules that CometBFT would check are warnings', async (t) => {
    const config = cometBFTConfig.replace('size = 5000', 'size = -1');
    const app = 'minimum-gas-prices = "0stake"\n';
    assert.match(
      (await say(await makeCometBFTHome(t, { 'config.toml': config, 'app.toml': app })))[0] ?? '',
      /^WARNING mempool\.size: -1 in .* a node of the SDK does not run/,
    );
    assert.match((await say(await makeCometBFTHome(t, { 'config.toml': config })))[0] ?? '', /^ERROR mempool\.size/);
  });

  test('a trust hash that is no hash of a block is a warning, as a node with blocks does not look at it', async (t) => {
    const found = async (hash: string): Promise<readonly string[]> =>
      say(await makeCometBFTHome(t, { 'config.toml': syncing(hash) }));
    assert.match((await found('AB12'))[0] ?? '', /^WARNING statesync\.trust_hash: "AB12" .*64 hexadecimal digits/);
    assert.match((await found('AB1'))[0] ?? '', /^ERROR statesync\.trust_hash/);
    assert.deepEqual(await found('AB'.repeat(32)), []);
  });

  test('a missing genesis, of which a node that has run may have a copy', async (t) => {
    const of = async (version: string): Promise<readonly string[]> => {
      const home = await makeTempHome(t);
      await writeFile(join(home.config, 'config.toml'), ofVersion(version));
      await mkdir(join(home.data, 'state.db'));
      return say(home);
    };
    assert.match((await of('0.38.26'))[0] ?? '', /^INFO genesis_file: .*the copy in its database/);
    assert.match((await of('1.0.1'))[0] ?? '', /^ERROR genesis_file/);
    assert.match((await of(''))[0] ?? '', /^WARNING genesis_file: .*CometBFT v1\.0\.1 does not start without it/);
  });
});

describe('a key that only some versions read', () => {
  test('is an error if each of them refuses its value', async (t) => {
    const app = 'minimum-gas-prices = "0stake"\nblock-executor = "parallel"\n';
    assert.match(
      (await say(await makeCometBFTHome(t, { 'app.toml': app })))[0] ?? '',
      /^ERROR block-executor: .*: Cosmos SDK v0\.55\.0 refuses it, other versions do not read it/,
    );
  });
});

describe('files that the configuration names', () => {
  test('are not looked at outside of the home, nor through a link that leads there', async (t) => {
    const elsewhere = await makeTempHome(t);
    await writeFile(join(elsewhere.root, 'key.json'), '');
    const config = `node_key_file = ${JSON.stringify(join(elsewhere.root, 'key.json'))}\n${cometBFTConfig}`;
    assert.deepEqual(await say(await makeCometBFTHome(t, { 'config.toml': config })), []);
    const home = await makeCometBFTHome(t);
    await symlink(join(elsewhere.root, 'key.json'), join(home.config, 'node_key.json'));
    assert.deepEqual(await say(home), []);
  });

  test('are followed through a link in the home, as those of a mounted secret', async (t) => {
    const home = await makeCometBFTHome(t, { 'key-1.json': '' });
    await symlink('key-1.json', join(home.config, 'node_key.json'));
    assert.match((await say(home))[0] ?? '', /^ERROR node_key_file: .*is damaged, as it is not JSON/);
  });

  test('a state without its key is a warning: the node would write over it', async (t) => {
    const home = await makeCometBFTHome(t);
    await writeFile(join(home.data, 'priv_validator_state.json'), '{"height":"7"}');
    assert.match((await say(home))[0] ?? '', /^WARNING priv_validator_key_file: .*makes a new key and resets/);
  });

  test('a socket in a folder that is missing is an error in the home, and not looked for elsewhere', async (t) => {
    const home = await makeCometBFTHome(t);
    const found = async (path: string): Promise<string | undefined> => {
      const config = cometBFTConfig.replace('tcp://127.0.0.1:26657', `unix://${path}`);
      await writeFile(join(home.config, 'config.toml'), config);
      return (await say(home))[0];
    };
    assert.equal(await found('/no-such-folder/rpc.sock'), undefined);
    assert.match(
      (await found(join(home.root, 'no', 'rpc.sock'))) ?? '',
      /^ERROR rpc\.laddr: .*does not exist: make it/,
    );
  });

  test('certificates that are missing are a warning each', async (t) => {
    const config = cometBFTConfig.replace('[rpc]\n', '[rpc]\ntls_cert_file = "a.pem"\ntls_key_file = "b.pem"\n');
    const found = await say(await makeCometBFTHome(t, { 'config.toml': config, 'a.pem': '' }));
    assert.equal(found.length, 1);
    assert.match(
      found[0] ?? '',
      /^WARNING rpc\.tls_key_file: .*b\.pem is no file: the node starts, and its RPC does not/,
    );
  });
});

const appWithAPI = (port: number): string =>
  `minimum-gas-prices = "0stake"\n[api]\nenable = true\naddress = "tcp://localhost:${port}"\n[grpc]\naddress = "localhost:9090"\n`;

describe('two listeners on one port', () => {
  test('end a node of the SDK if they are of CometBFT, and cost it a server if one is its own', async (t) => {
    const config = cometBFTConfig.replace('[p2p]\n', '[p2p]\nladdr = "tcp://0.0.0.0:26660"\n');
    const found = async (port: number, text = config): Promise<string | undefined> =>
      (await say(await makeCometBFTHome(t, { 'config.toml': text, 'app.toml': appWithAPI(port) })))[0];
    assert.equal(await found(1317), undefined);
    assert.match((await found(26_660)) ?? '', /^WARNING api\.address: \(hidden\) in .* the port of p2p\.laddr/);
    assert.match((await found(1317, config.replace(':26660', ':26657'))) ?? '', /^ERROR rpc\.laddr: .*does not start/);
  });

  test('are an error on a Sei node, where both are on', async (t) => {
    const home = await makeSeiHome(t);
    await rewrite(home, 'app.toml', 'ws_port = 8546', 'ws_port = 8545');
    assert.match((await say(home))[0] ?? '', /^ERROR evm\.ws_port: is port 8545, which evm\.http_port has too/);
    await rewrite(home, 'app.toml', 'ws_enabled = true', 'ws_enabled = false');
    assert.deepEqual(await say(home), []);
  });
});

describe('keys that differ only in case', () => {
  test('are told with the one that counts', async (t) => {
    const found = async (lines: string): Promise<readonly string[]> =>
      say(await makeCometBFTHome(t, { 'config.toml': `${lines}\n${cometBFTConfig}` }));
    assert.match((await found('Moniker = "b"'))[0] ?? '', /^WARNING Moniker: and moniker in .* Moniker counts: remove/);
    assert.match((await found('MONIKER = "c"\nMoniker = "b"'))[0] ?? '', /chance decides which counts/);
    assert.match((await found('[P2P]\nladdr = "x"\n[X]'))[0] ?? '', /^ERROR p2p\.laddr/);
  });

  test('are told of a Sei node too, and the value that counts is judged', async (t) => {
    const home = await makeSeiHome(t);
    const price = 'minimum-gas-prices = "0.01usei"';
    await rewrite(home, 'app.toml', price, `${price}\nMinimum-Gas-Prices = ""`);
    const found = await say(home);
    assert.match(found.join('\n'), /ERROR chain\.min_gas_prices/);
    assert.match(
      found.join('\n'),
      /WARNING minimum-gas-prices: and Minimum-Gas-Prices in .* Minimum-Gas-Prices counts/,
    );
  });
});
