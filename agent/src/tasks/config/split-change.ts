import type { DocumentTable } from '../../node/document-value.ts';
import type { StateFolders, StateData } from '../../node/state-data.ts';
import { locateKey } from './locate-key.ts';

/** How an edit of app.toml changes where a Sei node keeps its EVM history. Plain data, which a thread can be sent. */
export interface SplitChange {
  readonly from: boolean;
  readonly to: boolean;
  /** Those that the file names, before and after the edit. */
  readonly folders: Pick<StateFolders, 'cosmos' | 'evm'>;
}

/** Undefined where the edit leaves it as it is. Only Sei's node has the key, in whatever case. */
export const splitChange = (before: DocumentTable, after: DocumentTable): SplitChange | undefined => {
  const from = isOn(inStore(before, 'evm-ss-split'));
  const to = isOn(inStore(after, 'evm-ss-split'));
  if (from === to) return undefined;
  const texts = (key: string): readonly string[] =>
    [inStore(before, key), inStore(after, key)].filter((value) => typeof value === 'string');
  return { from, to, folders: { cosmos: texts('ss-db-directory'), evm: texts('evm-ss-db-directory') } };
};

const inStore = (document: DocumentTable, key: string): unknown =>
  locateKey(document, ['state-store', key], 'sei').value;

/** As viper, the config library of the node, reads a boolean. */
const isOn = (value: unknown): boolean => {
  if (typeof value === 'string') return /^(?:1|t|true)$/i.test(value);
  if (typeof value === 'number' || typeof value === 'bigint') return value !== 0 && value !== 0n;
  return value === true;
};

/** Why a node with state cannot have its split changed so, as a clause; undefined where it can. A value that agrees with the data mends a file that does not. */
export const splitRefusal = (asked: boolean, kept: boolean, state: StateData): string | undefined => {
  if (state.found === undefined) return undefined;
  const shown = state.evm === true ? true : state.cosmos ? state.evm : undefined;
  return asked === kept || asked === shown
    ? undefined
    : `cannot become ${String(asked)} on a node that has state (${state.found})`;
};
