import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, test, type TestContext } from 'node:test';
import type { NodeHome } from '../../node/node-home.ts';
import { runTask } from '../testing/run-task.ts';
import { makeSeiHome, readConfigFile, rewrite } from '../testing/sei-home.ts';
import { configPatch } from './config-patch.ts';

const state = { empty: [], cosmos: ['data/pebbledb/1.log'], both: ['data/pebbledb/1.log', 'data/evm_ss/1.log'] };

/** A node with data, and with a line for the split in its app.toml, or none. */
const makeNode = async (t: TestContext, has: keyof typeof state, line: string): Promise<NodeHome> => {
  const home = await makeSeiHome(t);
  await rewrite(home, 'app.toml', 'evm-ss-split = true\n', line);
  for (const path of state[has]) {
    await mkdir(dirname(join(home.root, path)), { recursive: true });
    await writeFile(join(home.root, path), 'x');
  }
  return home;
};

const on = 'evm-ss-split = true\n';
const off = 'evm-ss-split = false\n';
const setTo = (value: unknown, key = 'evm-ss-split') => ({
  files: { 'app.toml': { 'state-store': { [key]: value } } },
});
const removal = { remove: { 'app.toml': ['state-store.evm-ss-split'] } };
const run = (home: NodeHome, params: object) => runTask('config-patch', configPatch(home), params);

describe('config-patch of the split of the state store', () => {
  for (const [what, has, line, params] of [
    ['turn it on where all history is in one store', 'cosmos', off, setTo(true)],
    ['turn it on where the key is missing', 'cosmos', '', setTo(true)],
    ['turn it on in another case of the key', 'cosmos', 'EVM-SS-Split = false\n', setTo(true)],
    ['turn it off where EVM history has a store of its own', 'both', on, setTo(false)],
    ['remove it where EVM history has a store of its own', 'both', on, removal],
    ['remove the whole section', 'both', on, { remove: { 'app.toml': ['state-store'] } }],
  ] as const) {
    test(`does not ${what}, also in a dry run`, async (t) => {
      const home = await makeNode(t, has, line);
      const before = await readConfigFile(home, 'app.toml');
      for (const dryRun of [false, true]) {
        await assert.rejects(run(home, { ...params, dryRun }), {
          code: 'config-invalid',
          message: new RegExp(
            `^app\\.toml: state-store\\.evm-ss-split cannot become ${String(has === 'cosmos')} on a node that has state \\(.*(?:pebbledb|evm_ss)\\); nothing was changed: leave the key as it is`,
          ),
        });
      }
      assert.equal(await readConfigFile(home, 'app.toml'), before);
    });
  }

  for (const [what, has, line, params] of [
    ['turns it on where the node is empty', 'empty', off, setTo(true)],
    ['turns it off where the node is empty', 'empty', on, setTo(false)],
    ['turns it on where the data shows it', 'both', off, setTo(true)],
    ['turns it off where the data shows it', 'cosmos', on, setTo(false)],
    ['removes a false that says what no line says', 'both', off, removal],
    ['changes another key beside it', 'both', on, setTo(5, 'ss-prune-interval')],
  ] as const) {
    test(what, async (t) => {
      const home = await makeNode(t, has, line);
      assert.equal((await run(home, params)).outcome, 'changed');
    });
  }

  test('looks into the folder of a state store that the same patch names', async (t) => {
    const home = await makeNode(t, 'empty', off);
    const folder = join(home.root, 'elsewhere');
    await mkdir(folder);
    await writeFile(join(folder, '1.log'), 'x');
    const values = { 'evm-ss-split': true, 'ss-db-directory': folder };
    await assert.rejects(run(home, { files: { 'app.toml': { 'state-store': values } } }), { code: 'config-invalid' });
  });
});
