import * as z from 'zod';
import type { CrossFieldRule } from '../cross-field-rule.ts';
import { defineParams } from './define-params.ts';
import { chainId, sha256, uri } from './fields.ts';
import { knownGenesis } from './known-genesis.ts';
import { isS3Uri, objectStoreFields, readerFields, readerRule } from './object-store.ts';
import { rpcAddress } from './rpc-address.ts';

const knownChains = [...knownGenesis.keys()];

const sourceOrKnownChain: CrossFieldRule = {
  cel: `has(self.uri) != has(self.rpc) || (!has(self.uri) && has(self.chainId) && self.chainId in [${knownChains.map((id) => `'${id}'`).join(', ')}])`,
  message: `give exactly one of uri and rpc, or neither with a chainId of ${knownChains.join(', ')}`,
  holds: ({ uri: given, rpc, chainId: chain }) =>
    (given !== undefined) !== (rpc !== undefined) ||
    (given === undefined && typeof chain === 'string' && knownGenesis.has(chain)),
};

export const configureGenesisParams = defineParams(
  z.strictObject({
    uri: uri.optional(),
    region: objectStoreFields.region,
    endpoint: objectStoreFields.endpoint,
    forcePathStyle: objectStoreFields.forcePathStyle,
    requestPayer: objectStoreFields.requestPayer,
    ...readerFields,
    rpc: rpcAddress
      .optional()
      .describe(
        'RPC address of a node whose genesis is taken in chunks, for instance http://sentry:26657, sentry:26657 or tcp://sentry:26657. Give this or uri, or for a public chain of Sei chainId alone.',
      ),
    sha256: sha256.optional(),
    chainId: chainId.optional(),
    allowOtherChain: z
      .boolean()
      .default(false)
      .describe('Replace the genesis even if the node has data of another chain. By default the task refuses to.'),
  }),
  [
    sourceOrKnownChain,
    {
      cel: "(!has(self.region) && !has(self.endpoint) && !has(self.forcePathStyle)) || (has(self.uri) && self.uri.startsWith('s3://'))",
      message: 'region, endpoint and forcePathStyle go with an s3:// uri only: remove them, or give such a uri',
      holds: (params) =>
        ['region', 'endpoint', 'forcePathStyle'].every((key) => params[key] === undefined) || isS3Uri(params['uri']),
    },
    {
      cel: "(!has(self.anonymous) && !has(self.requestPayer)) || (has(self.uri) && self.uri.startsWith('s3://'))",
      message: 'anonymous and requestPayer go with an s3:// uri only: remove them, or give such a uri',
      holds: (params) =>
        ['anonymous', 'requestPayer'].every((key) => params[key] === undefined) || isS3Uri(params['uri']),
    },
    readerRule,
  ],
);

export type ConfigureGenesisParams = z.output<typeof configureGenesisParams.schema>;
