import * as z from 'zod';
import appData from './app-keys.json' with { type: 'json' };
import cometBFTData from './cometbft-keys.json' with { type: 'json' };

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

const knownKeySchema = z.strictObject({
  key: z.string(),
  type: z.enum(types),
  defaults: z.record(z.string(), z.unknown()),
  versions: z.array(z.string()).optional(),
});

/** A key that one of the versions in the data reads: CometBFT's of config.toml, the Cosmos SDK's of app.toml. */
export interface KnownKey {
  /** Dotted, as the file has it: `p2p.persistent_peers`. */
  readonly key: string;
  /** As Go reads it; `deprecated` if a version knows the key only to say that it has no effect. */
  readonly type: (typeof types)[number];
  /** By version, from the first that has the key; a version is left out if it has what the one before it has. */
  readonly defaults: Readonly<Record<string, unknown>>;
  /** The versions that read it; absent if all of the data do. */
  readonly versions?: readonly string[] | undefined;
}

const dataSchema = z.strictObject({ versions: z.array(z.string()), keys: z.array(knownKeySchema) });

type KnownKeys = ReadonlyMap<string, KnownKey>;

const parse = (data: unknown): KnownKeys => new Map(dataSchema.parse(data).keys.map((entry) => [entry.key, entry]));

let ofConfig: KnownKeys | undefined;

/** All keys of config.toml by name. Checked against the schema on first use, to keep the start of the agent short. */
export const cometBFTKnownKeys = (): KnownKeys => (ofConfig ??= parse(cometBFTData));

let ofApp: KnownKeys | undefined;

/** All keys of app.toml that the Cosmos SDK itself reads, by name; a chain may read more. */
export const appKnownKeys = (): KnownKeys => (ofApp ??= parse(appData));

/** The versions of the data, oldest first. */
export const cometBFTVersions: readonly string[] = cometBFTData.versions;
export const sdkVersions: readonly string[] = appData.versions;
