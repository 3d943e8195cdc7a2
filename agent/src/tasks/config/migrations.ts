import type { ConfigValue, ConfigValues } from './config-value.ts';

/** One step of the schema: from the version `to - 1`. Pure. */
export interface Migration {
  readonly to: number;
  readonly apply: (values: ConfigValues) => ConfigValues;
}

const writeModes: Readonly<Record<string, string>> = {
  cosmos_only: 'memiavl_only',
  dual_write: 'migrate_evm',
  split_write: 'evm_migrated',
};

/** Version 1 is for seid before 6.5, version 2 for 6.5 and later, which renamed the write modes of both stores. */
const renameWriteModes: Migration = {
  to: 2,
  apply: (values) => {
    const result = new Map<string, ConfigValue>(values);
    for (const key of ['storage.state_commit.write_mode', 'storage.state_store.write_mode']) {
      const old = values.get(key);
      if (typeof old === 'string' && Object.hasOwn(writeModes, old)) result.set(key, writeModes[old]);
    }
    return result;
  },
};

/** In order, one version each, without gaps (tested). */
export const migrations: readonly Migration[] = [renameWriteModes];

/** Values of version `from` as those of version `to`, which is not lower. */
export const migrate = (values: ConfigValues, from: number, to: number): ConfigValues =>
  migrations
    .filter((migration) => migration.to > from && migration.to <= to)
    .reduce<ConfigValues>(
      (current, migration) => new Map(migration.apply(current)).set('version', BigInt(migration.to)),
      values,
    );
