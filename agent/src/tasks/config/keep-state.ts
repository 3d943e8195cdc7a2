/** Keys that have to agree with the state that a node has. docs/adr/0039-the-registry-follows-sei-config.md */
import type { NodeMode } from '@nodetask/shared';
import type { StateData } from '../../node/state-data.ts';
import type { ConfigValues } from './config-value.ts';
import type { Diagnostic } from './diagnostic.ts';
import { writeModeKey } from './migrations.ts';
import { quotedSetting } from './quoted-setting.ts';
import type { NodeConfig } from './read-config.ts';
import { splitRefusal } from './split-change.ts';

export interface Wanted {
  readonly mode: NodeMode;
  readonly overrides: ConfigValues;
  readonly values: ConfigValues;
  readonly writable: ReadonlySet<string>;
}

export interface Kept {
  readonly values: ConfigValues;
  readonly writable: ReadonlySet<string>;
  readonly problems: readonly Diagnostic[];
}

export const splitKey = 'storage.state_store.evm_ss_split';

/**
 * The wanted values, with the split of the state store as the files have it on a node that has state: turned on there, seid v6.6 does not start and
 * v6.5 answers for past EVM state with nothing; turned off, it hides the EVM history that the node has.
 */
export const keepState = (wanted: Wanted, current: NodeConfig, state: StateData): Kept => {
  const { values, writable } = wanted;
  if (!writable.has(splitKey)) return { values, writable, problems: lostMode(wanted, current, state) };
  const problems = [...refuseSplit(wanted, current, state), ...lostMode(wanted, current, state)];
  if (state.found === undefined || wanted.overrides.has(splitKey)) return { values, writable, problems };
  const kept = current.values.get(splitKey);
  return {
    values: new Map(values).set(splitKey, kept),
    writable: new Set([...writable].filter((key) => key !== splitKey)),
    problems: [...problems, ...keptNote(values.get(splitKey) === true, kept === true, state.found)],
  };
};

const keptNote = (wanted: boolean, kept: boolean, found: string): readonly Diagnostic[] =>
  wanted === kept
    ? []
    : [
        {
          severity: 'INFO',
          field: splitKey,
          message: `stays ${kept ? 'true' : 'off'}, as app.toml has it: this node has state (${found})`,
        },
      ];

const refuseSplit = (wanted: Wanted, current: NodeConfig, state: StateData): readonly Diagnostic[] => {
  const asked = wanted.overrides.get(splitKey);
  if (typeof asked !== 'boolean') return [];
  const fault = (message: string): readonly Diagnostic[] => [{ severity: 'ERROR', field: splitKey, message }];
  const kept = current.values.get(splitKey) === true;
  if (state.found === undefined) {
    return asked && wanted.mode !== 'full'
      ? fault(`cannot be true for mode ${wanted.mode}: only a full node has EVM history in a store of its own`)
      : [];
  }
  const refusal = splitRefusal(asked, kept, state);
  return refusal === undefined ? [] : fault(`${refusal}: leave it out, or empty the node and let it state-sync`);
};

/** These say nothing that a release does not take for granted where the key is missing. */
const plainModes: ReadonlySet<string> = new Set(['', 'cosmos_only', 'memiavl_only']);

/** A write mode that the defaults would remove, and that the node's state was written with. */
const lostMode = (wanted: Wanted, current: NodeConfig, state: StateData): readonly Diagnostic[] => {
  const old = current.values.get(writeModeKey);
  if (state.found === undefined || typeof old !== 'string' || plainModes.has(old)) return [];
  if (wanted.overrides.has(writeModeKey) || wanted.values.get(writeModeKey) === old) return [];
  return [
    {
      severity: 'ERROR',
      field: writeModeKey,
      message: `would be removed, and the node may have written its state with ${quotedSetting(writeModeKey, old)} (${state.found}): give by overrides the value that you want; an empty text removes the key`,
    },
  ];
};

/** Faults in what the files say of the split, held against the data; for a check of what is on disk. */
export const splitProblems = (values: ConfigValues, state: StateData): readonly Diagnostic[] => {
  const split = values.get(splitKey) === true;
  if (split && state.cosmos && state.evm === false && values.get('storage.state_store.enable') === true) {
    const message = `is true, and the node has state without EVM history of its own (${state.found ?? ''}): seid v6.6 does not start, v6.5 answers for past EVM state with nothing; set it to false, or empty the node and let it state-sync`;
    return [{ severity: 'ERROR', field: splitKey, message }];
  }
  if (!split && state.evm === true) {
    const message = 'is off, and the node has EVM history in a store of its own, which stays hidden: set it to true';
    return [{ severity: 'WARNING', field: splitKey, message }];
  }
  return [];
};
