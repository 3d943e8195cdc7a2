/** No task, whatever comes of it, tells a value of a configuration file whose key is not public. */
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test, type TestContext } from 'node:test';
import { inspect } from 'node:util';
import { TaskError, type TaskType } from '@nodetask/shared';
import type { NodeHome } from '../../node/node-home.ts';
import { parseJsonObject } from '../../node/json/parse-json.ts';
import { parseToml } from '../../node/toml/parse-toml.ts';
import { configApply } from '../config-apply/config-apply.ts';
import { configPatch } from '../config-patch/config-patch.ts';
import { configReload } from '../config-reload/config-reload.ts';
import { procProcessTable } from '../config-reload/process-table.ts';
import { configValidate } from '../config-validate/config-validate.ts';
import { runTask } from '../testing/run-task.ts';
import { cometBFTConfig, makeSeiHome, testHost } from '../testing/sei-home.ts';
import type { ConfigValue } from './config-value.ts';
import { decodeValue } from './decode-value.ts';
import { isPublic } from './known-keys/public-keys.ts';
import { placesOf, registry } from './registry.ts';
import { rules } from './rules.ts';

const secret = 'hunter2';

/** The neighbours of the key that is patched, and keys that a list of secret names would miss. */
const secrets = `moniker = "${secret}"
k1 = 1
# old password: ${secret}
apikey = "${secret}"
pass = "${secret}"
pwd = "${secret}"
auth = "${secret}"
"secret key" = "${secret}"
consumer_secret_v2 = "${secret}"
jwt = "eyJhbGciOi.${secret}"
webhook = "https://hooks.example/${secret}"
dsn = "u:${secret}@tcp(h)/db"
headers = ["Authorization: Bearer ${secret}", "X-Api-Key: ${secret}"]
inline = { user = "u", password = "${secret}" }
[[list]]
token = "${secret}"
`;

const run = (type: TaskType, home: NodeHome, params: object): Promise<unknown> => {
  if (type === 'config-patch') return runTask(type, configPatch(home), params);
  if (type === 'config-apply') return runTask(type, configApply(home, testHost), params);
  if (type === 'config-reload') return runTask(type, configReload(home, testHost, procProcessTable()), params);
  return runTask('config-validate', configValidate(home), params);
};

/** Everything that comes of a task, with what the log would have of an error. */
const told = async (work: Promise<unknown>): Promise<string> =>
  inspect(await work.catch((error: unknown) => error), { depth: 20, maxStringLength: null, maxArrayLength: null });

const withApp = async (t: TestContext, app: string): Promise<NodeHome> => {
  const home = await makeSeiHome(t);
  await writeFile(join(home.config, 'app.toml'), app);
  return home;
};

describe('values of keys that are not public', () => {
  const hidden = '(hidden)';
  const paths = [
    'moniker',
    'apikey',
    'pass',
    'pwd',
    'auth',
    'secret key',
    'consumer_secret_v2',
    'jwt',
    'webhook',
    'dsn',
    'headers',
    'list',
    'inline',
  ];

  test('are not told of the lines around a change', async (t) => {
    const home = await withApp(t, secrets);
    const text = await told(run('config-patch', home, { dryRun: true, files: { 'app.toml': { k1: 7 } } }));
    assert.doesNotMatch(text, new RegExp(secret));
    assert.match(text, /k1 changed \(hidden\)/);
  });

  for (const key of paths) {
    test(`${key}: neither when it changes or goes, nor when another kind of value is refused`, async (t) => {
      const home = await withApp(t, secrets);
      const value = key === 'list' || key === 'headers' ? [] : key === 'inline' ? { password: 'hunter2b' } : 'hunter2b';
      for (const params of [
        { files: { 'app.toml': { [key]: value } } },
        { remove: { 'app.toml': [JSON.stringify(key)] } },
      ]) {
        const text = await told(run('config-patch', home, { dryRun: true, ...params }));
        assert.doesNotMatch(text, new RegExp(secret));
        assert.ok(text.includes(hidden), text);
      }
      const refused = await told(run('config-patch', home, { files: { 'app.toml': { [key]: true } } }));
      assert.match(refused, /patch-invalid/);
      assert.doesNotMatch(refused, new RegExp(secret));
    });
  }

  test('are not told by config-apply, which sets all of them back', async (t) => {
    const home = await makeSeiHome(t);
    const texts = [...registry().values()].filter(
      (entry) => entry.type === 'string' && placesOf(entry).some(({ file, path }) => !isPublic(file, path)),
    );
    assert.ok(texts.length > 20);
    const overrides = Object.fromEntries(texts.map(({ key }) => [key, secret]));
    const set = await told(run('config-apply', home, { mode: 'full', overrides }));
    const back = await told(run('config-apply', home, { mode: 'full' }));
    for (const text of [set, back]) {
      assert.match(text, /outcome: 'changed'/);
      assert.doesNotMatch(text, new RegExp(secret));
    }
  });

  test('are not told by config-reload', async (t) => {
    const home = await makeSeiHome(t);
    const fields = { 'network.p2p.persistent_peers': `${secret}@h:1`, 'evm.cors_origins': secret };
    const text = await told(run('config-reload', home, { fields }));
    assert.match(text, /p2p\.persistent-peers changed \(hidden\)/);
    assert.doesNotMatch(text, new RegExp(secret));
  });

  test('are not told by config-validate, whatever is wrong with them', async (t) => {
    const home = await makeSeiHome(t);
    await writeFile(
      join(home.config, 'config.toml'),
      cometBFTConfig
        .replace('laddr = "tcp://127.0.0.1:26657"', `laddr = "u:${secret}"`)
        .replace('proxy_app = "tcp://127.0.0.1:26658"', `proxy_app = ["${secret}"]`)
        .replace('persistent_peers = ""', `persistent_peers = "${secret}"`)
        .replace('rpc_servers = ""', `rpc_servers = [["${secret}"]]`)
        .replace('psql-conn = ""', `psql-conn = { password = "${secret}" }`)
        .replace('moniker = "vm"', `moniker = { x = "${secret}" }`),
    );
    await writeFile(join(home.config, 'app.toml'), 'minimum-gas-prices = "0stake"\n');
    const text = await told(run('config-validate', home, {}));
    assert.match(text, /rpc\.laddr/);
    assert.doesNotMatch(text, new RegExp(secret));
  });

  test('are not told by what reads them for the registry', () => {
    for (const entry of registry().values()) {
      const [place] = placesOf(entry);
      if (place === undefined || isPublic(place.file, place.path)) continue;
      for (const raw of [secret, { x: secret }, [[secret]], 424242n]) {
        const decoded = decodeValue(entry, raw);
        if ('fault' in decoded) assert.doesNotMatch(decoded.fault, /hunter2|424242/, entry.key);
      }
    }
  });

  test('are not told by any rule of the registry', () => {
    const values = new Map<string, ConfigValue>();
    for (const entry of registry().values()) {
      const [place] = placesOf(entry);
      values.set(entry.key, place !== undefined && isPublic(place.file, place.path) ? undefined : secret);
    }
    for (const flags of [true, false]) {
      for (const key of registry().keys())
        if (key.endsWith('enable') || key.endsWith('enabled')) values.set(key, flags);
      const said = rules.map((rule) => rule.broken({ values, maxVersion: 2 }) ?? '').join('\n');
      assert.match(said, /must be/);
      assert.doesNotMatch(said, new RegExp(secret));
    }
  });
});

describe('a file that cannot be parsed', () => {
  for (const line of [
    `password = ${secret}`,
    `password = "${secret}`,
    `password = "${secret}\\q"`,
    `password = "x" ${secret}`,
    `password "${secret}"`,
    `[password.${secret}`,
    `password = 2026-99-99T00:00:00Z-${secret}`,
    `password = ["${secret}" "x"]`,
    `password = "${secret}"\npassword = "${secret}"`,
    `password = { a = "${secret}", }`,
  ]) {
    test(`is told of by its line, without ${line.replaceAll(secret, '…').replaceAll('\n', ' / ')}`, async () => {
      await assert.rejects(parseToml(`a = 1\n${line}\nb = 2\n`, 'app.toml'), (error) => {
        assert.ok(error instanceof TaskError);
        assert.match(error.message, /^app\.toml:[23]:\d+: /);
        assert.doesNotMatch(inspect(error, { depth: 20 }).replace(/\n {4}at .*/g, ''), new RegExp(secret));
        return true;
      });
    });
  }

  for (const text of [`{"a": ${secret}}`, `{"a": "${secret}" x}`, `{"a": "${secret}`, secret]) {
    test(`is told of without ${text.replaceAll(secret, '…')}`, () => {
      assert.throws(
        () => parseJsonObject(text, 'genesis.json'),
        (error) => {
          assert.ok(error instanceof TaskError);
          assert.doesNotMatch(inspect(error, { depth: 20 }).replace(/\n {4}at .*/g, ''), new RegExp(secret));
          return true;
        },
      );
    });
  }
});
