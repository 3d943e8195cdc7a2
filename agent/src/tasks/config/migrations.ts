import type { ConfigValue, ConfigValues } from './config-value.ts';
import type { Diagnostic } from './diagnostic.ts';

/** One step of the schema: from the version `to - 1`. Pure. */
export interface Migration {
  readonly to: number;
  readonly apply: (values: ConfigValues) => ConfigValues;
  /** Questions that only a person can decide. An ERROR stops the migration. */
  readonly problems: (values: ConfigValues) => readonly Diagnostic[];
}

export const writeModeKey = 'storage.state_commit.write_mode';

/** They say that the node's EVM state is, or is to be, in another store. Sei's own tool renames them. */
const otherStores: Readonly<Record<string, string>> = {
  dual_write: 'migrate_evm starts to move its state',
  split_write: 'evm_migrated says that its state has been moved',
};

/**
 * Version 2 renamed the write modes, and no name works on all releases of seid: v6.4 and v6.5 refuse the new ones, v6.6.0-rc1 the old ones. So
 * cosmos_only is removed, which means the same to each of them. docs/adr/0039-the-registry-follows-sei-config.md
 */
const removeModes: Migration = {
  to: 2,
  apply: (values) => {
    const result = new Map<string, ConfigValue>(values);
    for (const key of [writeModeKey, 'storage.state_commit.read_mode']) {
      if (values.get(key) === 'cosmos_only') result.delete(key);
    }
    // No release reads these.
    for (const key of ['storage.state_store.write_mode', 'storage.state_store.read_mode']) result.delete(key);
    return result;
  },
  problems: (values) => {
    const mode = values.get(writeModeKey);
    if (typeof mode !== 'string' || !Object.hasOwn(otherStores, mode)) return [];
    const message =
      `is ${mode}, which version 2 does not have, and no other value is sure to mean the same to this node (${otherStores[mode] ?? ''}): ` +
      'give the one that you want by overrides; an empty text removes the key';
    return [{ severity: 'ERROR', field: writeModeKey, message }];
  },
};

/** In order, one version each, without gaps (tested). */
export const migrations: readonly Migration[] = [removeModes];

const stepsBetween = (from: number, to: number): readonly Migration[] =>
  migrations.filter((migration) => migration.to > from && migration.to <= to);

/** Values of version `from` as those of version `to`, which is not lower. */
export const migrate = (values: ConfigValues, from: number, to: number): ConfigValues =>
  stepsBetween(from, to).reduce<ConfigValues>(
    (current, migration) => new Map(migration.apply(current)).set('version', BigInt(migration.to)),
    values,
  );

/** The problems that stop the same migrations. */
export const migrationProblems = (values: ConfigValues, from: number, to: number): readonly Diagnostic[] =>
  stepsBetween(from, to).flatMap((migration) => migration.problems(values));
