import * as z from 'zod';
import { defineParams } from './define-params.ts';
import { allowHistoryLoss, dialect, dryRun, targetVersion, textByKey } from './fields.ts';

/** Roles of a Sei node; `archive` is written to config.toml as `full`. */
export const nodeModes = ['validator', 'full', 'seed', 'archive'] as const;
export type NodeMode = (typeof nodeModes)[number];

export const configApplyParams = defineParams(
  z.strictObject({
    mode: z
      .enum(nodeModes)
      .optional()
      .describe('Role of the node, whose defaults are taken. Needed unless incremental is true.'),
    overrides: textByKey({ maxKeys: 256 })
      .optional()
      .describe(
        'Values by dotted registry key, always as text, for instance {"evm.http_port": "8545"}. The whole text must parse.',
      ),
    incremental: z
      .boolean()
      .default(false)
      .describe('Change only what is named, and keep everything else as it is on disk.'),
    targetVersion: targetVersion.optional(),
    dryRun,
    allowHistoryLoss,
    dialect,
  }),
  [
    {
      cel: 'has(self.mode) || (has(self.incremental) && self.incremental)',
      message: 'mode is required unless incremental is true: give one of validator, full, seed and archive',
      holds: (params) => params['mode'] !== undefined || params['incremental'] === true,
    },
  ],
);

export type ConfigApplyParams = z.output<typeof configApplyParams.schema>;
