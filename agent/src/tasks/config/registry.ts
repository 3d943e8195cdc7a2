import { nodeModes, type NodeMode } from '@nodetask/shared';
import * as z from 'zod';
import { parseGoDuration } from './go-duration.ts';
import { evaluateHostDefault, type HostFacts } from './host-defaults.ts';
import { configTypes, type ConfigValue, type ConfigValues, isIntegerType } from './config-value.ts';
import registryData from './sei-config-registry.json' with { type: 'json' };

/** The two files that the registry's keys are in. */
export const configFiles = ['config.toml', 'app.toml'] as const;
export type ConfigFile = (typeof configFiles)[number];

const place = { file: z.enum(configFiles), tomlPath: z.string().regex(/^[a-z0-9_-]+(?:\.[a-z0-9_-]+)?$/) };
const defaultValue = z.union([
  z.string(),
  z.number(),
  z.boolean(),
  z.null(),
  z.array(z.string()),
  z.array(z.array(z.string())),
]);

const entrySchema = z.strictObject({
  key: z.string().regex(/^[a-z0-9_]+(?:\.[a-z0-9_]+)*$/),
  file: place.file.optional(),
  tomlPath: place.tomlPath.optional(),
  type: z.enum(configTypes),
  defaults: z.strictObject({ validator: defaultValue, full: defaultValue, seed: defaultValue, archive: defaultValue }),
  hotReload: z.literal(true).optional(),
  unit: z.string().optional(),
  enum: z.array(z.string()).optional(),
  overridable: z.literal(false).optional(),
  alsoWrittenTo: z.array(z.strictObject(place)).optional(),
  rules: z
    .array(z.strictObject({ severity: z.enum(['ERROR', 'WARNING']), field: z.string().optional(), when: z.string() }))
    .optional(),
  description: z.string(),
});

export type RegistryEntry = z.output<typeof entrySchema>;

/** Where a key is on disk. */
export interface Place {
  readonly file: ConfigFile;
  readonly path: readonly string[];
}

let parsed: ReadonlyMap<string, RegistryEntry> | undefined;

/** All entries by key, in the order of the registry. Checked against its schema on first use, to keep the start of the agent short. */
export const registry = (): ReadonlyMap<string, RegistryEntry> => {
  parsed ??= new Map(
    z
      .array(entrySchema)
      .parse(registryData)
      .map((entry) => [entry.key, entry]),
  );
  return parsed;
};

/** Every place of a key, the one that it is read from first; none for a key that no file stores. */
export const placesOf = (entry: RegistryEntry): readonly Place[] =>
  entry.file === undefined || entry.tomlPath === undefined
    ? []
    : [{ file: entry.file, tomlPath: entry.tomlPath }, ...(entry.alsoWrittenTo ?? [])].map(({ file, tomlPath }) => ({
        file,
        path: tomlPath.split('.'),
      }));

/** Release of sei-config that the registry was read from; `npm run registry:diff` shows how another one differs. */
export const registryVersion = 'v0.0.27';

/** Every place of a file that a key is written to, dotted, in the order of the registry. */
export const placesIn = (file: ConfigFile): readonly string[] =>
  [...registry().values()]
    .flatMap(placesOf)
    .filter((written) => written.file === file)
    .map(({ path }) => path.join('.'));

/** Version of the configuration schema that the registry describes: the newest that this agent knows. */
export const currentVersion = 2;

export const isNodeMode = (text: unknown): text is NodeMode => (nodeModes as readonly unknown[]).includes(text);

/** The default of every key that a file stores, for a mode on a host. */
export const defaultValues = (mode: NodeMode, host: HostFacts): ConfigValues =>
  new Map(
    [...registry().values()]
      .filter((entry) => entry.file !== undefined)
      .map((entry) => [entry.key, defaultOf(entry, mode, host)]),
  );

const defaultOf = (entry: RegistryEntry, mode: NodeMode, host: HostFacts): ConfigValue => {
  const value = entry.defaults[mode];
  if (value === null) return undefined;
  if (typeof value === 'string' && value.startsWith('@')) return evaluateHostDefault(value, host);
  if (typeof value === 'string' && entry.type === 'duration')
    return parseGoDuration(value) ?? unknownDefault(entry, value);
  return typeof value === 'number' && isIntegerType(entry.type) ? BigInt(value) : value;
};

const unknownDefault = (entry: RegistryEntry, value: string): never => {
  throw new Error(
    `the config registry has the default ${JSON.stringify(value)} for ${entry.key}, which is no duration`,
  );
};
