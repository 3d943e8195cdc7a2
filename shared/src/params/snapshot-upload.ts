import * as z from 'zod';
import { objectStoreFields, objectStoreRules } from './object-store.ts';
import { defineParams } from './define-params.ts';
import { maxAgeSeconds } from './fields.ts';

export const snapshotUploadParams = defineParams(
  z.strictObject({
    ...objectStoreFields,
    compression: z
      .enum(['gzip', 'zstd'])
      .default('gzip')
      .describe('Compression of the archive. gzip can be read by every tool, zstd is several times faster.'),
    includeMetadata: z
      .boolean()
      .default(true)
      .describe(
        'Put a metadata.db that lists the snapshot into the archive, so that the restored node can use and serve it.',
      ),
    maxAgeSeconds: maxAgeSeconds.optional(),
  }),
  objectStoreRules,
);

export type SnapshotUploadParams = z.output<typeof snapshotUploadParams.schema>;
