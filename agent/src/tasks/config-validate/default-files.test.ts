/** The files that nodes write for themselves, as scripts/generate-known-keys.ts has them from the modules of each version. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { describe, test } from 'node:test';
import { cometBFTVersions } from '../config/known-keys/versions.ts';
import { makeCometBFTHome } from '../testing/cometbft-home.ts';
import { runTask } from '../testing/run-task.ts';
import { configValidate } from './config-validate.ts';

const defaultFile = (name: string): Promise<string> =>
  readFile(new URL(`../../../test/default-files/${name}.toml`, import.meta.url), 'utf8');

/** Versions of the SDK, each with the CometBFT that it requires, up to its patch. */
const pairs = [
  ['v0.47.17', 'v0.37.18'],
  ['v0.50.15', 'v0.38.26'],
  ['v0.53.8', 'v0.38.26'],
  ['v0.55.0', 'v0.40.0'],
] as const;

/** All but the line that says what was checked. */
const findings = async (
  home: Awaited<ReturnType<typeof makeCometBFTHome>>,
): Promise<readonly { readonly severity: string; readonly field: string }[]> => {
  const { output } = await runTask('config-validate', configValidate(home), {}).catch(
    (error: unknown) => error as { readonly output: unknown },
  );
  const { diagnostics } = output as { readonly diagnostics: readonly { severity: string; field: string }[] };
  assert.deepEqual(diagnostics.at(-1)?.field, 'config.toml');
  return diagnostics.slice(0, -1);
};

describe('the default files', () => {
  for (const version of cometBFTVersions) {
    test(`of CometBFT ${version} are valid, without a warning`, async (t) => {
      const home = await makeCometBFTHome(t, { 'config.toml': await defaultFile(`cometbft-${version}`) });
      assert.deepEqual(await findings(home), []);
    });
  }

  for (const [version, cometBFT] of pairs) {
    test(`of the Cosmos SDK ${version} lack the price that each node has to set, and nothing else`, async (t) => {
      const config = await defaultFile(`cometbft-${cometBFT}`);
      const app = await defaultFile(`sdk-${version}`);
      const home = await makeCometBFTHome(t, { 'config.toml': config, 'app.toml': app });
      assert.deepEqual(
        (await findings(home)).map(({ severity, field }) => `${severity} ${field}`),
        ['ERROR minimum-gas-prices'],
      );
      const priced = app.replace('minimum-gas-prices = ""', 'minimum-gas-prices = "0stake"');
      const set = await makeCometBFTHome(t, { 'config.toml': config, 'app.toml': priced });
      assert.deepEqual(await findings(set), []);
    });
  }
});
