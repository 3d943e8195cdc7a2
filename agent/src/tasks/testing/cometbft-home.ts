import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { NodeHome } from '../../node/node-home.ts';
import { type HomeOwner, makeTempHome } from '../../node/testing/temp-home.ts';
import { cometBFTConfig } from './sei-home.ts';

/** One with which the nodes of all versions start. */
export const cometBFTGenesis = JSON.stringify({
  chain_id: 'test-1',
  genesis_time: '2026-01-31T12:00:00Z',
  initial_height: '1',
  app_hash: '',
  app_state: {},
});

/** The home of a CometBFT node with a genesis, which config-validate looks for, and these files of config/. */
export const makeCometBFTHome = async (
  owner: HomeOwner,
  files: Readonly<Record<string, string>> = {},
): Promise<NodeHome> => {
  const home = await makeTempHome(owner);
  for (const [name, text] of Object.entries({
    'config.toml': cometBFTConfig,
    'genesis.json': cometBFTGenesis,
    ...files,
  }))
    await writeFile(join(home.config, name), text);
  return home;
};
