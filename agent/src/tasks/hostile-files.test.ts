import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { makeTempHome } from '../node/testing/temp-home.ts';
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
});
