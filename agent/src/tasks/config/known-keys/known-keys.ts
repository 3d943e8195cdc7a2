import * as z from 'zod';
import appData from './app-keys.json' with { type: 'json' };
import cometBFTData from './cometbft-keys.json' with { type: 'json' };
import { type CometBFTVersion, cometBFTVersions, type SdkVersion, sdkVersions } from './versions.ts';

const types = [
  'bool',
  'int',
  'int32',
  'int64',
  'uint',
  'uint32',
  'uint64',
  'string',
  'duration',
  'string[]',
  'string[][]',
  'table[]',
  'deprecated',
] as const;

/** A key that one of the versions in the data reads: CometBFT's of config.toml, the Cosmos SDK's of app.toml. */
export interface KnownKey<Version extends string = CometBFTVersion | SdkVersion> {
  /** Dotted, as the file has it: `p2p.persistent_peers`. */
  readonly key: string;
  /** As Go reads it; `deprecated` if a version knows the key only to say that it has no effect. */
  readonly type: (typeof types)[number];
  /** By version, from the first that has the key; a version is left out if it has what the one before it has. */
  readonly defaults: Readonly<Partial<Record<Version, unknown>>>;
  /** The versions that read it; absent if all of the data do. */
  readonly versions?: readonly Version[] | undefined;
}

const dataSchema = <Version extends string>(versions: readonly [Version, ...Version[]]) => {
  const version = z.enum(versions);
  return z.strictObject({
    versions: z.array(version).length(versions.length),
    keys: z.array(
      z.strictObject({
        key: z.string(),
        type: z.enum(types),
        defaults: z.partialRecord(version, z.unknown()),
        versions: z.array(version).optional(),
      }),
    ),
  });
};

type KnownKeys<Version extends string> = ReadonlyMap<string, KnownKey<Version>>;

const parse = <Version extends string>(data: unknown, versions: readonly [Version, ...Version[]]): KnownKeys<Version> =>
  new Map(
    dataSchema(versions)
      .parse(data)
      .keys.map((entry) => [entry.key, entry as KnownKey<Version>]),
  );

let ofConfig: KnownKeys<CometBFTVersion> | undefined;

/** All keys of config.toml by name. Checked against the schema on first use, to keep the start of the agent short. */
export const cometBFTKnownKeys = (): KnownKeys<CometBFTVersion> => (ofConfig ??= parse(cometBFTData, cometBFTVersions));

let ofApp: KnownKeys<SdkVersion> | undefined;

/** All keys of app.toml that the Cosmos SDK itself reads, by name; a chain may read more. */
export const appKnownKeys = (): KnownKeys<SdkVersion> => (ofApp ??= parse(appData, sdkVersions));
