import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { NodeMode } from '@nodetask/shared';
import type { NodeHome } from '../../node/node-home.ts';
import { type HomeOwner, makeTempHome } from '../../node/testing/temp-home.ts';
import { defaultValues } from '../config/registry.ts';
import { renderConfigFile } from '../config/render-config.ts';

export const testHost = { hostname: 'test-host', cpus: 2 };

/** A home with the complete files of a Sei node of the mode. */
export const makeSeiHome = async (test: HomeOwner, mode: NodeMode = 'full'): Promise<NodeHome> => {
  const home = await makeTempHome(test);
  const values = defaultValues(mode, testHost);
  for (const file of ['config.toml', 'app.toml'] as const) {
    await writeFile(join(home.config, file), renderConfigFile(file, values));
  }
  return home;
};

export const readConfigFile = (home: NodeHome, name: string): Promise<string> =>
  readFile(join(home.config, name), 'utf8');

/** Replaces text in a file of config/; fails where it is not there. */
export const rewrite = async (home: NodeHome, name: string, from: string, to: string): Promise<void> => {
  const text = await readConfigFile(home, name);
  if (!text.includes(from)) throw new Error(`${name} does not have ${JSON.stringify(from)}`);
  await writeFile(join(home.config, name), text.replace(from, to));
};

/** The head of what `cometbft init` writes: keys with underscores, no app.toml. */
export const cometBFTConfig = `# This is a TOML config file.
version = "0.38.26"
proxy_app = "tcp://127.0.0.1:26658"
moniker = "vm"
db_backend = "goleveldb"
db_dir = "data"
log_level = "info"
log_format = "plain"

[rpc]
laddr = "tcp://127.0.0.1:26657"
cors_allowed_origins = []
max_open_connections = 900

[p2p]
persistent_peers = ""

[mempool]
size = 5000
keep-invalid-txs-in-cache = false

[statesync]
enable = false
rpc_servers = ""
trust_height = 0
trust_hash = ""
trust_period = "168h0m0s"

[tx_index]
# "null" | "kv" | "psql"
indexer = "kv"
psql-conn = ""

[instrumentation]
prometheus = false
max_open_connections = 3
`;
