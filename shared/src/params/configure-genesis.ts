import { z } from 'zod';
import { defineParams } from './define-params.ts';
import { chainId, httpUrl, sha256, uri } from './fields.ts';
import { objectStoreFields } from './object-store.ts';

export const configureGenesisParams = defineParams(
  z.strictObject({
    uri: uri.optional(),
    region: objectStoreFields.region,
    endpoint: objectStoreFields.endpoint,
    forcePathStyle: objectStoreFields.forcePathStyle,
    rpc: httpUrl
      .optional()
      .describe(
        'RPC address of a node whose genesis is taken in chunks, for instance http://sentry:26657. Give this or uri.',
      ),
    sha256: sha256.optional(),
    chainId: chainId.optional(),
  }),
  [
    {
      cel: 'has(self.uri) != has(self.rpc)',
      message: 'give exactly one of uri and rpc',
      holds: (params) => (params['uri'] !== undefined) !== (params['rpc'] !== undefined),
    },
    {
      cel: "(!has(self.region) && !has(self.endpoint) && !has(self.forcePathStyle)) || (has(self.uri) && self.uri.startsWith('s3://'))",
      message: 'region, endpoint and forcePathStyle go with an s3:// uri only',
      holds: (params) =>
        ['region', 'endpoint', 'forcePathStyle'].every((key) => params[key] === undefined) ||
        (typeof params['uri'] === 'string' && params['uri'].startsWith('s3://')),
    },
  ],
);

export type ConfigureGenesisParams = z.output<typeof configureGenesisParams.schema>;
