import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { NodeHome } from '../../node/node-home.ts';
import { type HomeOwner, makeTempHome } from '../../node/testing/temp-home.ts';
import { cometBFTConfig } from './sei-home.ts';

/** The home of a CometBFT node with a genesis, which config-validate looks for, and these files of config/. */
export const makeCometBFTHome = async (
  owner: HomeOwner,
  files: Readonly<Record<string, string>> = {},
): Promise<NodeHome> => {
  const home = await makeTempHome(owner);
  for (const [name, text] of Object.entries({ 'config.toml': cometBFTConfig, 'genesis.json': '{}', ...files }))
    await writeFile(join(home.config, name), text);
  return home;
};
