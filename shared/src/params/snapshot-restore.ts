import * as z from 'zod';
import { defineParams } from './define-params.ts';
import { blockHeight, chainId, sha256 } from './fields.ts';
import { objectStoreFields, objectStoreRules, readerFields, readerRule } from './object-store.ts';

export const snapshotRestoreParams = defineParams(
  z.strictObject({
    ...objectStoreFields,
    ...readerFields,
    chainId,
    targetHeight: blockHeight
      .optional()
      .describe('Restore the highest snapshot at or below this height. Default: the latest.'),
    sha256: sha256.optional(),
    allowRunning: z
      .boolean()
      .default(false)
      .describe('Exchange the snapshots even while the node runs. By default the task refuses to.'),
    allowUnverified: z
      .boolean()
      .default(false)
      .describe(
        'Restore an archive even if neither its manifest, nor its name, nor sha256 proves that it is of the chain. By default the task refuses to.',
      ),
    force: z.boolean().default(false).describe('Restore again although the same params finished before.'),
  }),
  [...objectStoreRules, readerRule],
);

export type SnapshotRestoreParams = z.output<typeof snapshotRestoreParams.schema>;
