import assert from 'node:assert/strict';
import { open, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { makeTempHome } from '../node/testing/temp-home.ts';
import { cometBFTConfig } from './testing/sei-home.ts';
import { runAside } from './testing/run-aside.ts';

/** Files that somebody wrote to keep the agent busy. Each is patched in a process of its own, which a red test can end. */

/** Of processor time of the thread that answers requests; a busy machine does not stretch it. */
const budgetMs = 1_000;

/** Repeats a text up to a number of characters. */
const fill = (characters: number, unit: (index: number) => string): string => {
  const parts: string[] = [];
  for (let length = 0, index = 0; length < characters; index++) {
    const part = unit(index);
    parts.push(part);
    length += part.length;
  }
  return parts.join('');
};

const megabyte = 1024 * 1024;
const json = (rest: string): string => `{"chain_id":"c",${rest}}`;
const toml = (rest: string): string => `moniker = "a"\n${rest}`;
const tomlCharacters = 127 * 1024;
const manyKeys = Object.fromEntries(Array.from({ length: 1_000 }, (_, index) => [`k${index}`, index + 1]));

const cases = [
  ['a genesis of escaped quotes', 'genesis.json', json(`"x":"${'\\"'.repeat(8 * megabyte)}"`), { chain_id: 'd' }],
  ['a genesis of many keys', 'genesis.json', json(`${fill(megabyte, (i) => `"k${i}":0,`)}"z":1`), { chain_id: 'd' }],
  ['a genesis of many numbers', 'genesis.json', json(`"x":[${'1,'.repeat(megabyte / 2)}1]`), { chain_id: 'd' }],
  [
    'a genesis in which a thousand keys change',
    'genesis.json',
    json(`${fill(20_000, (i) => `"k${i}":0,`)}"z":1`),
    manyKeys,
  ],
  [
    'a config with one long word in an inline table',
    'config.toml',
    toml(`x = { y = "${'a-'.repeat(tomlCharacters / 2)}" }\n`),
    { moniker: 'b' },
  ],
  ['a config of secrets', 'config.toml', toml(fill(tomlCharacters, (i) => `k${i}_token=1\n`)), { moniker: 'b' }],
  ['a config of sections', 'config.toml', toml(fill(tomlCharacters, (i) => `[s${i}]\na=1\n`)), { moniker: 'b' }],
  [
    'a config of inline keys',
    'config.toml',
    toml(`x = { ${fill(tomlCharacters, (i) => `k${i}=1, `)}z = 1 }\n`),
    { moniker: 'b' },
  ],
  ['a config in which a thousand keys change', 'config.toml', toml(fill(20_000, (i) => `k${i}=0\n`)), manyKeys],
] as const;

/** A genesis with members of its own. */
const genesisWith = (members: string): string =>
  `{"genesis_time":"2026-01-01T00:00:00Z","chain_id":"c","initial_height":"1",${members},"app_state":{}}`;

/** A public key of a validator. */
const keyOf = (index: number): string => {
  const key = Buffer.alloc(32);
  key.writeUInt32BE(index);
  return `{"type":"tendermint/PubKeyEd25519","value":"${key.toString('base64')}"}`;
};

describe('a file that is made to take long', () => {
  for (const [name, file, content, patch] of cases) {
    test(`${name} is patched and does not keep the agent from its callers`, { timeout: 300_000 }, async (t) => {
      const home = await makeTempHome(t);
      await writeFile(join(home.config, file), content);
      const { outcome, blockedMs } = await runAside({
        home: home.root,
        type: 'config-patch',
        params: { files: { [file]: patch } },
        timeoutMs: 120_000,
      });
      assert.equal(outcome, 'changed');
      assert.ok(blockedMs < budgetMs, `blocked for ${blockedMs} ms of processor time`);
      assert.notEqual(await readFile(join(home.config, file), 'utf8'), content);
    });
  }

  const sei = 'mode = "full"\n';
  const unknown = toml(sei + fill(tomlCharacters - 100, (i) => `k${i}=1\n`));
  const ofCometBFT = toml(`proxy_app = "a"\n${fill(tomlCharacters - 100, (i) => `K${i.toString(36)}=1\n`)}`);
  const below = toml(
    `${sei}[${'s'.repeat(tomlCharacters / 2)}]\n${fill(tomlCharacters / 2 - 100, (i) => `k${i}=1\n`)}`,
  );
  const durations = toml(
    `${sei}[consensus]\nunsafe-commit-timeout-override = "${'0000s'.repeat(tomlCharacters / 5 - 20)}x"\n`,
  );
  for (const [name, type, config, params, ends] of [
    ['a config of unknown keys is validated', 'config-validate', unknown, {}, /^config-invalid/],
    ['a config of unknown keys is validated on a CometBFT node', 'config-validate', ofCometBFT, {}, /^config-invalid/],
    ['a config of keys below a long name is validated', 'config-validate', below, {}, /^config-invalid/],
    ['a config with an endless duration is validated', 'config-validate', durations, {}, /^config-invalid/],
    ['unknown keys are kept when a mode is applied', 'config-apply', unknown, { mode: 'full' }, /^changed$/],
    [
      'comments are kept when a mode is applied',
      'config-apply',
      toml(sei + '#\n'.repeat(50_000)),
      { mode: 'full' },
      /^changed$/,
    ],
  ] as const) {
    test(`${name}, and that does not keep the agent from its callers`, { timeout: 300_000 }, async (t) => {
      const home = await makeTempHome(t);
      await writeFile(join(home.config, 'config.toml'), config);
      await writeFile(join(home.config, 'app.toml'), 'x = 1\n');
      const { outcome, failure, blockedMs } = await runAside({ home: home.root, type, params, timeoutMs: 120_000 });
      assert.match(outcome ?? failure ?? '', ends);
      assert.ok(blockedMs < budgetMs, `blocked for ${blockedMs} ms of processor time`);
    });
  }

  test('a genesis with a number of a million digits is refused at once', { timeout: 300_000 }, async (t) => {
    const home = await makeTempHome(t);
    await writeFile(join(home.config, 'genesis.json'), json(`"x":${'9'.repeat(megabyte)}`));
    const params = { files: { 'genesis.json': { chain_id: 'd' } } };
    const { failure, blockedMs } = await runAside({
      home: home.root,
      type: 'config-patch',
      params,
      timeoutMs: 120_000,
    });
    assert.match(
      failure ?? '',
      /^file-invalid: genesis\.json:1:\d+: not JSON: there is a number of more than 4096 characters/,
    );
    assert.ok(blockedMs < budgetMs, `blocked for ${blockedMs} ms of processor time`);
  });

  const block = '"block":{"max_bytes":"1","max_gas":"1"}';
  for (const [name, members, ends] of [
    [
      'of ten thousand validators',
      `"validators":[${Array.from({ length: 10_000 }, (_, index) => `{"pub_key":${keyOf(index)},"power":"1"}`).join()}]`,
      /^unchanged$/,
    ],
    ['of a million validators', `"validators":[${'{},'.repeat(megabyte)}{}]`, /a list of at most 10000/],
    ['of validators in one another', `"validators":${'['.repeat(500)}${']'.repeat(500)}`, /must be an object/],
    [
      'of a validator with a million names',
      `"validators":[{${fill(3 * megabyte, (i) => `"k${i}":0,`)}"z":1}]`,
      /pub_key/,
    ],
    [
      'of half a million key types',
      `"consensus_params":{"validator":{"pub_key_types":[${'"x",'.repeat(megabyte / 2)}"x"]}}`,
      /65536/,
    ],
    ['of many parameters', `"consensus_params":{${fill(60_000, (i) => `"k${i}":0,`)}${block}}`, /max_age_num_blocks/],
    ['of a number with many blanks', `"validators":[{"power":"${' '.repeat(3 * megabyte)}x"}]`, /pub_key/],
    ['of a long time', `"genesis_timE":1,"x":"${'1'.repeat(3 * megabyte)}"`, /genesis_timE/],
  ] as const) {
    test(
      `a genesis ${name} is validated, and that does not keep the agent from its callers`,
      { timeout: 300_000 },
      async (t) => {
        const home = await makeTempHome(t);
        await writeFile(join(home.config, 'config.toml'), cometBFTConfig.replace(/^version = .*$/m, ''));
        await writeFile(join(home.config, 'genesis.json'), genesisWith(members));
        const job = { home: home.root, type: 'config-validate', params: {}, timeoutMs: 120_000 } as const;
        const { outcome, failure, blockedMs } = await runAside(job);
        assert.match(outcome ?? failure ?? '', ends);
        assert.ok((failure ?? '').length < 2_000, String(failure));
        assert.ok(blockedMs < budgetMs, `blocked for ${blockedMs} ms of processor time`);
      },
    );
  }

  test('a genesis of 200 MB is validated in memory that does not grow with it', { timeout: 300_000 }, async (t) => {
    const home = await makeTempHome(t);
    await writeFile(join(home.config, 'config.toml'), cometBFTConfig);
    const file = await open(join(home.config, 'genesis.json'), 'w');
    const accounts = fill(
      megabyte,
      (index) => `{"address":"sei1${index}","coins":[{"denom":"usei","amount":"${index}"}]},\n`,
    );
    await file.write('{"genesis_time":"2026-01-01T00:00:00Z","chain_id":"c","app_state":{"accounts":[');
    for (let megabytes = 0; megabytes < 200; megabytes++) await file.write(accounts);
    await file.write('1]}}');
    await file.close();
    const job = { home: home.root, type: 'config-validate', params: {}, timeoutMs: 200_000 } as const;
    const { outcome, failure, blockedMs, peakMiB } = await runAside(job);
    assert.equal(outcome, 'unchanged', String(failure));
    assert.ok(blockedMs < budgetMs, `blocked for ${blockedMs} ms of processor time`);
    assert.ok(peakMiB < 250, `the process had ${peakMiB} MiB`);
  });
});
