import * as z from 'zod';
import { exactlyOne } from '../cross-field-rule.ts';
import { defineParams } from './define-params.ts';
import { chainId, sha256, uri } from './fields.ts';
import { isS3Uri, objectStoreFields } from './object-store.ts';
import { rpcAddress } from './rpc-address.ts';

export const configureGenesisParams = defineParams(
  z.strictObject({
    uri: uri.optional(),
    region: objectStoreFields.region,
    endpoint: objectStoreFields.endpoint,
    forcePathStyle: objectStoreFields.forcePathStyle,
    rpc: rpcAddress
      .optional()
      .describe(
        'RPC address of a node whose genesis is taken in chunks, for instance http://sentry:26657, sentry:26657 or tcp://sentry:26657. Give this or uri.',
      ),
    sha256: sha256.optional(),
    chainId: chainId.optional(),
    allowOtherChain: z
      .boolean()
      .default(false)
      .describe('Replace the genesis even if the node has data of another chain. By default the task refuses to.'),
  }),
  [
    exactlyOne('uri', 'rpc'),
    {
      cel: "(!has(self.region) && !has(self.endpoint) && !has(self.forcePathStyle)) || (has(self.uri) && self.uri.startsWith('s3://'))",
      message: 'region, endpoint and forcePathStyle go with an s3:// uri only: remove them, or give such a uri',
      holds: (params) =>
        ['region', 'endpoint', 'forcePathStyle'].every((key) => params[key] === undefined) || isS3Uri(params['uri']),
    },
  ],
);

export type ConfigureGenesisParams = z.output<typeof configureGenesisParams.schema>;
