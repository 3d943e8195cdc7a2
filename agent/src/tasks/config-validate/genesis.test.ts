import assert from 'node:assert/strict';
import { mkdir, rename, symlink, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { appDocument, document, params } from '../../node/genesis/testing/genesis-rows.ts';
import type { NodeHome } from '../../node/node-home.ts';
import { type HomeOwner, makeTempHome } from '../../node/testing/temp-home.ts';
import { runTask } from '../testing/run-task.ts';
import { cometBFTConfig, makeSeiHome } from '../testing/sei-home.ts';
import { configValidate } from './config-validate.ts';

const makeHome = async (t: HomeOwner, genesis: string): Promise<NodeHome> => {
  const home = await makeTempHome(t);
  await writeFile(join(home.config, 'config.toml'), cometBFTConfig);
  await writeFile(join(home.config, 'genesis.json'), genesis);
  return home;
};

/** The words of config-validate about the genesis, and if it fails. */
const wordOn = async (home: NodeHome): Promise<{ readonly fails: boolean; readonly words: readonly string[] }> => {
  const report: unknown = await runTask('config-validate', configValidate(home), {}).catch((error: unknown) => error);
  const { output } = report as {
    readonly output: {
      readonly diagnostics: readonly { readonly severity: string; readonly field: string; readonly message: string }[];
    };
  };
  const ours = output.diagnostics.filter(({ field }) => field === 'genesis.json');
  return { fails: report instanceof Error, words: ours.map(({ severity, message }) => `${severity} ${message}`) };
};

const wrong = document({ consensus_params: params({ block: { max_bytes: '0' } }) });

describe('config-validate on the genesis', () => {
  test('says nothing of one with which the node starts', async (t) => {
    assert.deepEqual(await wordOn(await makeHome(t, document())), { fails: false, words: [] });
  });

  test('a value with which the node does not start is an error, with its place', async (t) => {
    const { fails, words } = await wordOn(await makeHome(t, wrong));
    assert.equal(fails, true);
    assert.match(
      words.join(),
      /^ERROR .*genesis\.json .*: consensus_params\.block\.max_bytes is "0", and must be -1 or from 1 to 104857600; .*configure-genesis$/,
    );
  });

  test('it is a warning for a node that has state', async (t) => {
    const home = await makeHome(t, wrong);
    await mkdir(join(home.data, 'state.db'));
    const { fails, words } = await wordOn(home);
    assert.equal(fails, false);
    assert.match(words.join(), /^WARNING .*the node has state/);
  });

  test('a file that is no genesis is an error', async (t) => {
    const { fails, words } = await wordOn(await makeHome(t, `\uFEFF${document()}`));
    assert.equal(fails, true);
    assert.match(words.join(), /^ERROR .*it cannot be read as JSON/);
  });

  test('what some versions only refuse is a warning that names them', async (t) => {
    const home = await makeHome(t, document({ consensus_params: params({ block: { max_bytes: '-1' } }) }));
    const ofVersion = (line: string): Promise<void> =>
      writeFile(join(home.config, 'config.toml'), `${line}\n${cometBFTConfig.replace(/^version = .*$/m, '')}`);
    await ofVersion('');
    const { fails, words } = await wordOn(home);
    assert.equal(fails, false);
    assert.match(words.join(), /^WARNING CometBFT 0\.37 does not start with the genesis: .*max_bytes is "-1"/);
    await ofVersion('version = "0.38.26"');
    assert.deepEqual(await wordOn(home), { fails: false, words: [] });
    await ofVersion('version = "0.37.2"');
    assert.equal((await wordOn(home)).fails, true);
  });

  test('a node of the Cosmos SDK may have the form of the SDK, and CometBFT alone may not', async (t) => {
    const home = await makeHome(t, appDocument());
    assert.match((await wordOn(home)).words.join(), /^ERROR .*initial_height is 1, and must be .* in quotes/);
    await writeFile(join(home.config, 'app.toml'), 'minimum-gas-prices = "0stake"\npruning = "nothing"\n');
    assert.deepEqual((await wordOn(home)).words, []);
    await writeFile(join(home.config, 'config.toml'), cometBFTConfig.replace(/^version = .*$/m, ''));
    assert.deepEqual((await wordOn(home)).words, []);
  });

  test('a node of Sei takes times with a zone, and an application without state is refused', async (t) => {
    const home = await makeSeiHome(t);
    await writeFile(join(home.config, 'genesis.json'), document({ genesis_time: '2026-01-31T12:00:00+02:00' }));
    assert.deepEqual(await wordOn(home), { fails: false, words: [] });
    await writeFile(join(home.config, 'genesis.json'), document({ app_state: [] }));
    assert.match((await wordOn(home)).words.join(), /^ERROR .*app_state is a list, and must be an object/);
  });

  test('a genesis that cannot be read, or is too large, is not checked, and that is said', async (t) => {
    const home = await makeHome(t, wrong);
    const file = join(home.config, 'genesis.json');
    await truncate(file, 513 * 1024 * 1024);
    assert.match(
      (await wordOn(home)).words.join(),
      /^INFO the genesis is not checked: .*genesis\.json has 537919488 bytes/,
    );
    await rename(file, join(home.root, 'genesis.json'));
    // One that is missing is told with the other files that the configuration names.
    assert.deepEqual(await wordOn(home), { fails: true, words: [] });
    await writeFile(join(home.root, 'genesis.json'), wrong);
    await symlink(join(home.root, 'genesis.json'), file);
    assert.match((await wordOn(home)).words.join(), /^INFO the genesis is not checked: .*symbolic link/);
  });
});
