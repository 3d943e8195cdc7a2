import { type NodeMode, TaskError } from '@nodetask/shared';
import { noState, type StateData } from '../../node/state-data.ts';
import type { ConfigOnDisk } from './config-files.ts';
import { type ConfigValue, type ConfigValues, sameConfigValue } from './config-value.ts';
import type { Diagnostic } from './diagnostic.ts';
import type { HostFacts } from './host-defaults.ts';
import { keepState } from './keep-state.ts';
import { migrate, migrationProblems } from './migrations.ts';
import { type NodeConfig, readConfig } from './read-config.ts';
import { currentVersion, defaultValues, placesOf, registry } from './registry.ts';
import { runRules } from './rules.ts';

/** What a configuration shall become. */
export interface Intent {
  readonly mode?: NodeMode;
  /** Parsed, by registry key. */
  readonly overrides: ConfigValues;
  /** Change only what is named; else everything takes the defaults of `mode`. */
  readonly incremental: boolean;
  readonly targetVersion?: number;
}

export interface Resolution {
  /** The whole model after the change. */
  readonly values: ConfigValues;
  /** The keys that may be written; others stay as they are on disk. */
  readonly writable: ReadonlySet<string>;
  /** Absent for a node that is not Sei's: its files know no mode and no schema version. */
  readonly mode?: NodeMode;
  readonly version?: number;
  readonly diagnostics: readonly Diagnostic[];
}

/**
 * Resolves an intent against what is on disk. Pure. An invalid result is told by diagnostics of severity ERROR; an override that this
 * node's files cannot hold throws TaskError `override-invalid`.
 */
export const resolveIntent = (
  intent: Intent,
  disk: ConfigOnDisk,
  host: HostFacts,
  state: StateData = noState,
): Resolution => {
  const current = readConfig(disk);
  const tooNew = targetProblem(intent.targetVersion);
  const resolved = intent.incremental ? resolveIncremental(intent, current) : resolveFull(intent, current, host);
  const maxVersion = intent.targetVersion ?? currentVersion;
  if (disk.dialect === 'sei') {
    const { mode } = resolved;
    const { values, writable, problems } = keepState({ ...resolved, overrides: intent.overrides }, current, state);
    const diagnostics = [...tooNew, ...resolved.problems, ...problems, ...runRules({ values, maxVersion })];
    return { values, writable, mode, version: Number(values.get('version') ?? currentVersion), diagnostics };
  }
  return resolveForeign(intent, disk, current, resolved, [...tooNew, ...resolved.problems]);
};

interface Resolved {
  readonly mode: NodeMode;
  readonly values: ConfigValues;
  readonly writable: ReadonlySet<string>;
  readonly problems: readonly Diagnostic[];
}

const resolveFull = (intent: Intent, current: NodeConfig, host: HostFacts): Resolved => {
  const { mode } = intent;
  if (mode === undefined) throw new TaskError('invalid-params', 'mode is required unless incremental is true');
  const version = intent.targetVersion ?? currentVersion;
  const values = new Map([...defaultValues(mode, host), ...intent.overrides]).set('version', BigInt(version));
  const problems: readonly Diagnostic[] =
    current.present.has('version') && current.version > version
      ? [{ severity: 'WARNING', field: 'version', message: `goes down from ${current.version} to ${version}` }]
      : [];
  return { mode, values, writable: new Set(values.keys()), problems };
};

const resolveIncremental = (intent: Intent, current: NodeConfig): Resolved => {
  const mode = intent.mode ?? current.mode;
  const problems = current.problems.filter(
    ({ field }) => !intent.overrides.has(field) && !(field === 'mode' && intent.mode !== undefined),
  );
  const migrated = migrateIfAsked(intent, current);
  // The mode is only a label here: its defaults are not applied, because nothing that was not named may change.
  const values = new Map<string, ConfigValue>([...migrated.values, ['mode', mode], ...intent.overrides]);
  const writable = new Set([
    ...migrated.changed,
    ...(intent.mode === undefined ? [] : ['mode']),
    ...intent.overrides.keys(),
  ]);
  return { mode, values, writable, problems: [...problems, ...migrated.problems] };
};

const migrateIfAsked = (
  intent: Intent,
  current: NodeConfig,
): { readonly values: ConfigValues; readonly changed: readonly string[]; readonly problems: readonly Diagnostic[] } => {
  const { targetVersion: target } = intent;
  if (target === undefined || target > currentVersion || target <= current.version) {
    const downgrade = target !== undefined && target < current.version;
    const message = `the files have version ${current.version}, and there is no way down to ${String(target)}: leave targetVersion out`;
    return {
      values: current.values,
      changed: [],
      problems: downgrade ? [{ severity: 'ERROR', field: 'targetVersion', message }] : [],
    };
  }
  const values = migrate(current.values, current.version, target);
  // A key that the files do not have got nothing to migrate.
  const changed = [...new Set([...current.values.keys(), ...values.keys()])].filter(
    (key) =>
      !sameConfigValue(values.get(key), current.values.get(key)) && (key === 'version' || current.present.has(key)),
  );
  const problems = migrationProblems(current.values, current.version, target);
  return { values, changed, problems: problems.filter(({ field }) => !intent.overrides.has(field)) };
};

const targetProblem = (target: number | undefined): readonly Diagnostic[] =>
  target !== undefined && target > currentVersion
    ? [
        {
          severity: 'ERROR',
          field: 'targetVersion',
          message: `is ${target}, and this agent knows versions up to ${currentVersion}: use a newer agent or leave it out`,
        },
      ]
    : [];

/**
 * A config.toml in the spelling of CometBFT belongs to a chain whose programs do not know most of the registry: only keys that its files
 * have are written, and only the rules about those are run.
 */
const resolveForeign = (
  intent: Intent,
  disk: ConfigOnDisk,
  current: NodeConfig,
  resolved: Resolved,
  problems: readonly Diagnostic[],
): Resolution => {
  const absent = [...intent.overrides.keys()].filter((key) => !current.present.has(key));
  if (absent.length > 0) {
    throw new TaskError(
      'override-invalid',
      `${disk.files['config.toml'].path} has the spelling of CometBFT, and neither it nor app.toml has a key for ${absent.slice(0, 5).join(', ')}: ` +
        'add what this node knows with a config-patch task',
    );
  }
  const values = new Map([...resolved.values].filter(([key]) => current.present.has(key)));
  const diagnostics = [
    ...problems,
    ...lostLabels(intent, current),
    ...runRules({ values, maxVersion: intent.targetVersion ?? currentVersion }, current.present),
    foreignNote(disk, current),
  ];
  return { values, writable: new Set([...resolved.writable].filter((key) => current.present.has(key))), diagnostics };
};

/** What was asked for and has no place in such files. A full change uses the mode, for its defaults; an incremental one would only store it. */
export const lostLabels = (
  intent: Pick<Intent, 'incremental' | 'mode' | 'targetVersion'>,
  current: NodeConfig,
): readonly Diagnostic[] => {
  const asked = { mode: intent.incremental ? intent.mode : undefined, version: intent.targetVersion };
  return Object.entries(asked)
    .filter(([key, value]) => value !== undefined && !current.present.has(key))
    .map(([field]) => ({
      severity: 'WARNING',
      field,
      message: 'is not stored: the files of this node have no place for it',
    }));
};

/** Says which part of the registry was left aside, and why. */
export const foreignNote = (disk: ConfigOnDisk, current: NodeConfig): Diagnostic => {
  const known = [...registry().values()].filter((entry) => placesOf(entry).length > 0).length;
  const noApp = disk.files['app.toml'].text === undefined ? ', and there is no app.toml' : '';
  return {
    severity: 'INFO',
    field: 'config.toml',
    message: `has the spelling of CometBFT${noApp}: only the rules about the ${current.present.size} of ${known} keys of the registry that its files have are checked`,
  };
};
