import { z } from 'zod';
import { defineParams } from './define-params.ts';
import { targetVersion } from './fields.ts';

/** Roles of a Sei node; `archive` is written to config.toml as `full`. */
export const nodeModes = ['validator', 'full', 'seed', 'archive'] as const;
export type NodeMode = (typeof nodeModes)[number];

/** Registry key (dotted) to value, always as text. */
export const overridesField = z
  .record(z.string().min(1).max(256), z.string().max(65536))
  .refine((overrides) => Object.keys(overrides).length <= 512, 'at most 512 keys');

export const configApplyParams = defineParams(
  z.strictObject({
    mode: z
      .enum(nodeModes)
      .optional()
      .describe('Role of the node, whose defaults are taken. Required unless incremental.'),
    overrides: overridesField
      .optional()
      .describe(
        'Values by dotted registry key, always as text, for instance {"evm.http_port": "8545"}. The whole text must parse.',
      ),
    incremental: z
      .boolean()
      .default(false)
      .describe('Change only what is named, and keep everything else as it is on disk. Default: false.'),
    targetVersion: targetVersion.optional(),
  }),
  [
    {
      cel: 'has(self.mode) || (has(self.incremental) && self.incremental)',
      message: 'mode is required unless incremental is true',
      holds: (params) => params['mode'] !== undefined || params['incremental'] === true,
    },
  ],
);

export type ConfigApplyParams = z.output<typeof configApplyParams.schema>;
