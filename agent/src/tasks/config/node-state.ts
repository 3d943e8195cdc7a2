import type { DocumentTable } from '../../node/document-value.ts';
import type { NodeHome } from '../../node/node-home.ts';
import { findStateData, noState, type StateData } from '../../node/state-data.ts';
import type { ConfigOnDisk } from './config-files.ts';
import type { ConfigValues } from './config-value.ts';
import { locateKey } from './locate-key.ts';

/** The state of a Sei node, also where its files, or overrides of them, name other folders for it. Other nodes have no such stores. */
export const stateOf = async (
  home: NodeHome,
  disk: ConfigOnDisk,
  overrides: ConfigValues = new Map(),
): Promise<StateData> =>
  disk.dialect === 'sei' ? stateOfAny(home, disk.files['app.toml'].document, overrides) : noState;

/** The state of any node: its databases, and the stores of Sei in the folders that app.toml, or overrides of it, name. */
export const stateOfAny = (
  home: NodeHome,
  app: DocumentTable,
  overrides: ConfigValues = new Map(),
): Promise<StateData> => {
  const inApp = (key: string): unknown => locateKey(app, ['state-store', key], 'sei').value;
  return findStateData(home, {
    cosmos: texts(inApp('ss-db-directory'), overrides.get('storage.state_store.db_directory')),
    evm: texts(inApp('evm-ss-db-directory')),
    databases: texts(overrides.get('storage.db_path')),
  });
};

const texts = (...values: readonly unknown[]): readonly string[] => values.filter((value) => typeof value === 'string');
