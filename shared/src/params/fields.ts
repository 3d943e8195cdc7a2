import * as z from 'zod';

/**
 * Parameters that more than one task type takes. A key has one type and one meaning across all task types,
 * because the CRD has a single flat `params` object (checked when the CRD is generated).
 */

export const chainId = z
  .string()
  .min(1)
  .max(50)
  .regex(/^[A-Za-z0-9._-]+$/, 'must be a chain id: letters, digits, ".", "_" and "-", at most 50')
  .describe(
    'Chain id that the data must belong to, for instance pacific-1. A mismatch changes nothing and fails the task.',
  );

export const sha256 = z
  .string()
  .max(64)
  .regex(/^[0-9a-f]{64}$/, 'must be a SHA-256 digest: 64 lower-case hexadecimal digits')
  .describe(
    'Expected SHA-256 of the data, 64 lower-case hexadecimal digits. A mismatch changes nothing and fails the task.',
  );

export const uri = z
  .string()
  .max(2048)
  .regex(
    /^(s3|https):\/\/[^\s/?#@]+(\/[^\s]*)?$/,
    'must be s3://bucket/key-or-prefix or an https:// URL without credentials',
  )
  .describe(
    'Where the data is: s3://bucket/prefix instead of bucket and prefix; for configure-genesis s3://bucket/key or https://host/path.',
  );

export const targetVersion = z
  .int()
  .min(1)
  .max(1000)
  .describe(
    'Version of the configuration schema to resolve and validate against. Default: the newest that this agent knows.',
  );

/** Whose node reads config.toml, which is how its keys are spelled. */
export const dialects = ['sei', 'cometbft'] as const;
export type Dialect = (typeof dialects)[number];

export const dialect = z
  .enum(dialects)
  .optional()
  .describe(
    'Whose node reads config.toml: sei (keys with dashes) or cometbft (keys with underscores). Default: what the keys of config.toml, those of app.toml or the running node show; if none of them does, the task refuses.',
  );

export const blockHeight = z.int().min(1).max(Number.MAX_SAFE_INTEGER);

/** Ten years: more is a mistake in the unit. */
export const maxAgeSeconds = z
  .int()
  .min(1)
  .max(315_360_000)
  .describe(
    'How old the newest upload may be, in seconds. A run that uploads nothing fails where it is older, or where there is none. Default: any age.',
  );

/** A duration as CometBFT writes it: Go syntax, for instance 168h0m0s, 1m30s, 100ms. */
export const goDuration = z
  .string()
  .max(64)
  .regex(/^([0-9]+(\.[0-9]+)?(ns|us|µs|ms|s|m|h))+$/, 'must be a Go duration such as 168h0m0s, 90s or 100ms');

/**
 * A map of text whose number of entries is bounded: for zod here, for the API server by the same numbers in the metadata.
 */
export const boundedMap = (
  entries: { readonly key: number; readonly value: number | z.ZodString },
  { minKeys = 0, maxKeys }: { readonly minKeys?: number; readonly maxKeys: number },
) =>
  z
    .record(
      z.string().min(1).max(entries.key),
      typeof entries.value === 'number' ? z.string().max(entries.value) : entries.value,
    )
    .refine((map) => Object.keys(map).length >= minKeys, `needs at least ${minKeys} key`)
    .refine((map) => Object.keys(map).length <= maxKeys, `takes at most ${maxKeys} keys`)
    .meta({ ...(minKeys > 0 && { minProperties: minKeys }), maxProperties: maxKeys });

/** Values by dotted key of the configuration registry, always as text. */
export const textByKey = (bounds: { readonly minKeys?: number; readonly maxKeys: number }) =>
  boundedMap({ key: 256, value: 16_384 }, bounds);

export const strict = z
  .boolean()
  .optional()
  .describe(
    'Fail over a key that neither the file nor the data about nodes knows, which is a warning otherwise. config-patch writes nothing then. Default: false.',
  );

export const dryRun = z.boolean().default(false).describe('Report the changes and write nothing.');

export const allowHistoryLoss = z
  .boolean()
  .optional()
  .describe(
    'Let a change make the node delete blocks or states that it has, for instance a stronger pruning or a smaller min-retain-blocks. Without it such a change fails on a node that has state, and nothing is written. Default: false.',
  );
