import * as z from 'zod';
import { defineParams } from './define-params.ts';
import { blockHeight, maxAgeSeconds } from './fields.ts';
import { objectStoreFields, objectStoreRules } from './object-store.ts';
import { rpcAddress } from './rpc-address.ts';

export const resultExportParams = defineParams(
  z.strictObject({
    ...objectStoreFields,
    rpcEndpoint: rpcAddress
      .optional()
      .describe("RPC address to read from, as a URL, host:port or tcp://host:port. Default: the node's own."),
    pageSize: z.int().min(1).max(100_000).default(1000).describe('Blocks in a page (an object).'),
    startHeight: blockHeight
      .optional()
      .describe(
        'First height to export where nothing was exported yet. Default: the one after a restored snapshot, else the first that the node has.',
      ),
    concurrency: z.int().min(1).max(256).default(16).describe('Blocks fetched at the same time.'),
    partialPage: z
      .boolean()
      .default(false)
      .describe(
        'Write the last page although it is not full; a daemon does once its first block has waited for a minute. The next page begins after it.',
      ),
    maxAgeSeconds: maxAgeSeconds.optional(),
  }),
  objectStoreRules,
);

export type ResultExportParams = z.output<typeof resultExportParams.schema>;
