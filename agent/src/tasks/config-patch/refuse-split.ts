import { TaskError } from '@nodetask/shared';
import type { NodeHome } from '../../node/node-home.ts';
import { findStateData } from '../../node/state-data.ts';
import { type SplitChange, splitRefusal } from '../config/split-change.ts';

/**
 * Refuses an edit that turns the split of the state store on or off against the data on the volume: no value mends such a node but a new state sync,
 * and the hand that edits the file stays for who knows better.
 */
export const refuseSplit = async (home: NodeHome, change: SplitChange | undefined): Promise<void> => {
  if (change === undefined) return;
  const state = await findStateData(home, { ...change.folders, databases: [] });
  const refusal = splitRefusal(change.to, change.from, state);
  if (refusal === undefined) return;
  throw new TaskError(
    'config-invalid',
    `app.toml: state-store.evm-ss-split ${refusal}; nothing was changed: leave the key as it is, or empty the node and let it state-sync`,
  );
};
